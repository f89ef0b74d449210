"""Records a settled attempt in metrics, trace and log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Fail, Release, Retry, Settled
from qwenedit_telemetry import attributes, tracing
from qwenedit_worker.loop.outcomes import Finished, LeaseLost

if TYPE_CHECKING:
    from qwenedit_worker.loop.outcomes import AttemptOutcome
    from qwenedit_worker.telemetry.gpu_time import AttemptGpuTime
    from qwenedit_worker.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


def report_gpu_time(
    metrics: Metrics, span: tracing.Span, settled: Settled, gpu_time: AttemptGpuTime, *, workflow: str
) -> None:
    """Record the attempt's GPU time in metrics and trace."""
    exemplar = tracing.exemplar()
    metrics.gpu_job.labels(workflow, settled.value).observe(gpu_time.seconds, exemplar)
    values: dict[str, str | float] = {attributes.WORKFLOW: workflow, attributes.GPU_SECONDS: round(gpu_time.seconds, 3)}
    if gpu_time.load_seconds is not None:
        metrics.model_load.labels(workflow).observe(gpu_time.load_seconds, exemplar)
        values[attributes.LOAD_SECONDS] = round(gpu_time.load_seconds, 3)
    span.set(values)


def report_settlement(
    metrics: Metrics, span: tracing.Span, settled: Settled, outcome: AttemptOutcome, *, seconds: float
) -> None:
    """Record the job's next state and the reason, `seconds` after its claim."""
    reason = outcome.reason.value if isinstance(outcome, Retry | Fail) else ""
    metrics.attempts.labels(settled.value, reason).inc()
    metrics.execution.labels(settled.value).observe(seconds, tracing.exemplar())
    span.set({attributes.OUTCOME: settled.value})
    if reason:
        span.set({attributes.REASON: reason})
        span.fail(reason)
    if settled is Settled.LOST and isinstance(outcome, Finished):
        metrics.stale_completions.inc()
    why = {"reason": reason} if reason else {}
    if isinstance(outcome, Retry | Fail | Release | LeaseLost):
        why["detail"] = outcome.detail
    level = {Settled.FAILED: log.error, Settled.DELAYED: log.warning, Settled.LOST: log.warning}
    level.get(settled, log.info)("job.settled", outcome=settled.value, seconds=round(seconds, 3), **why)
