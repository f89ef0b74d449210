"""Logs and traces attempts whose worker was killed, cut off or hung, since it cannot do so itself."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Reason
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from qwenedit_jobs import LostAttempt

log = structlog.get_logger(__name__)


def tell(attempt: LostAttempt, *, queue_name: str) -> None:
    """Log a lost attempt, and make the span that its worker could not export.

    Args:
        attempt: What Redis knows of it.
        queue_name: The queue's name.
    """
    seconds = round(attempt.ended_at - attempt.started_at, 1)
    with job_context(attempt.job_id, attempt=attempt.attempt), _span(attempt, queue_name) as span:
        span.fail(Reason.WORKER_LOST)
        log.warning("job.lease_expired", worker=attempt.worker, outcome=attempt.outcome, seconds=seconds)


def _span(attempt: LostAttempt, queue_name: str) -> AbstractContextManager[tracing.Span]:
    if not attempt.trace_context:
        return nullcontext(tracing.NO_SPAN)  # else it would be a trace of its own
    return tracing.processing(
        queue_name,
        attempt.job_id,
        parent=attempt.trace_context,
        identity=attempt.attempt_context,
        before=attempt.previous_context,
        period=tracing.Period(attempt.started_at, attempt.ended_at),
        attributes={
            attributes.ATTEMPT: attempt.attempt,
            attributes.MAX_ATTEMPTS: attempt.max_attempts,
            attributes.WORKER: attempt.worker,
            attributes.OUTCOME: attempt.outcome,
            attributes.REASON: Reason.WORKER_LOST.value,
        },
    )
