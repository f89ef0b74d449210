"""What an operator sees of a job: everything but its prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from qwenedit_jobs.model import State
from qwenedit_jobs.queue.parsing import job_of, seconds, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_jobs.model import Job

WORDS = ("payload", "detail", "sources", "attempts")
"""Fields that have the user's words in them, or may, or lead to their photos."""


SHORTEST_OF_PROMPT = 4
"""Characters of a prompt's beginning by which it is recognised at the end of a text that was cut."""


@dataclass(frozen=True, slots=True)
class Record:
    """A job's hash, as far as an operator may see it. Times are seconds since the epoch, by Redis' clock."""

    id: str
    state: State | None
    """None: no job, but an item that somebody else put into the queue's list; or one that cannot be read."""
    user_id: int | None = None
    pictures: tuple[str, ...] = ()
    """References into the picture store."""
    workflow: str | None = None
    phase: str = ""
    step: int = 0
    steps: int = 0
    attempt: int = 0
    max_attempts: int = 0
    requeued: int = 0
    """How often an operator had it executed again after it had failed."""
    cancelling: bool = False
    worker: str | None = None
    """Of the attempt under way, or of the last one, as are the next two."""
    reason: str | None = None
    detail: str | None = None
    seed: int | None = None
    enqueued_at: float | None = None
    started_at: float | None = None
    """When its last attempt began."""
    moved_at: float | None = None
    """When its phase or step changed last, in any attempt."""
    finished_at: float | None = None
    answered_at: float | None = None
    trace_id: str | None = None
    answer: str | None = None
    """What its user got: `picture`, `file`, `failed`, `unreachable` and so on; None where that is not known."""
    raw: Mapping[str, str] | None = None
    """All fields as they are, where this version cannot read them; of those with the user's words only the length."""

    @property
    def known(self) -> bool:
        """Whether it is a job that this version can read."""
        return self.state is not None

    @property
    def at(self) -> str:
        """How far a running job is, in words; empty for others."""
        if self.state is not State.RUNNING:
            return ""
        return f"{self.phase} {self.step}/{self.steps}" if self.steps else self.phase


def record_of(job_id: str, fields: object) -> Record:
    """Read a job's hash, or Redis' error in its place: a stranger's key of another type."""
    if not isinstance(fields, dict):
        return Record(job_id, None, raw={"error": str(fields)})
    if not fields:
        return Record(job_id, None)
    try:
        return _record(job_id, fields)
    except (KeyError, ValueError):
        raw = {name: f"{len(value)} characters" if name in WORDS else value for name, value in fields.items()}
        return Record(job_id, None, raw=raw)


def _record(job_id: str, fields: Mapping[str, str]) -> Record:
    job = _readable(fields)
    trace = fields.get("trace_context", "").split("-")
    return Record(
        id=job_id,
        state=State(fields["state"]),
        user_id=int(fields["user"]) if fields.get("user") else None,
        pictures=job.edit.pictures if job else (),
        workflow=job.edit.workflow if job else None,
        seed=job.edit.seed if job else None,
        phase=fields.get("phase", ""),
        step=whole(fields.get("step", 0)),
        steps=whole(fields.get("steps", 0)),
        attempt=whole(fields.get("attempt", 0)),
        max_attempts=whole(fields.get("max_attempts", 0)),
        requeued=whole(fields.get("requeued", 0)),
        cancelling=fields.get("cancelling") == "1",
        worker=fields.get("worker"),
        reason=fields.get("reason") or None,
        detail=_without_prompt(fields.get("detail", ""), job) or None,
        enqueued_at=seconds(fields, "enqueued_at"),
        started_at=seconds(fields, "started_at"),
        moved_at=seconds(fields, "moved_at"),
        finished_at=seconds(fields, "finished_at"),
        answered_at=seconds(fields, "answered_at"),
        trace_id=trace[1] if len(trace) > 1 else None,
        answer=fields.get("answer"),
    )


def _readable(fields: Mapping[str, str]) -> Job | None:
    try:
        return job_of(fields)
    except (KeyError, ValidationError):  # of another release
        return None


def _without_prompt(detail: str, job: Job | None) -> str:
    """An error of ComfyUI's may repeat what it was given, and may have been cut in the midst of it."""
    prompt = job.edit.prompt if job else ""
    if not prompt:
        return detail
    detail = detail.replace(prompt, "[prompt]")
    for length in range(min(len(prompt), len(detail)), SHORTEST_OF_PROMPT - 1, -1):
        if detail.endswith(prompt[:length]):
            return f"{detail[:-length]}[prompt]"
    return detail
