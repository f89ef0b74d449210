"""Reads what `expire_leases.lua` reports of attempts whose worker stopped renewing its lease."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_core import from_json

from qwenedit_jobs.model import Settled
from qwenedit_jobs.queue.parsing import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAttempt:
    """An attempt whose lease ran out."""

    job_id: str
    outcome: Settled
    """The job's next state: `delayed`, `failed` or `cancelled`."""
    worker: str
    attempt: int
    """1 for the first."""
    max_attempts: int
    started_at: float
    """Seconds since the epoch, by Redis' clock."""
    ended_at: float
    """When it was taken away, likewise: up to a second and a lease after its worker's last sign of life."""
    trace_context: str
    """The traceparent of the span that sent the job; empty for a job without a trace."""

    @classmethod
    def parse(cls, entry: str) -> LostAttempt | None:
        """Parse the script's report; None if it's malformed."""
        try:
            # json.loads would accept half a character, which no log and no metric can have. Remember no value.
            fields = from_json(entry, cache_strings="keys")
            return cls(
                job_id=str(fields["id"]),
                outcome=Settled(fields["outcome"]),
                worker=str(fields["worker"]),
                attempt=whole(fields["attempt"]),
                max_attempts=whole(fields["max_attempts"]),
                started_at=whole(fields["started_at"]) / 1000,
                ended_at=whole(fields["ended_at"]) / 1000,
                trace_context=str(fields["trace_context"]),
            )
        except (ValueError, TypeError, KeyError):
            return None
