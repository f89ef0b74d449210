"""What an operator sees of a job: everything but its prompt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.errors import UnreadableRecordError
from qwenedit_jobs.queue.parsing import status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_jobs.model import Status

WORDS = ("payload", "detail", "sources", "attempts")
"""Fields that have the user's words in them, or may, or lead to their photos."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What lies under a job's id."""

    id: str
    status: Status | None = None
    """None if it's another program's item in the queue's list, or unreadable."""
    raw: Mapping[str, str] | None = None
    """All fields as they are, where this version cannot read them; of those with the user's words only the length."""


def record_of(job_id: str, fields: object) -> JobRecord:
    """Read a job's hash, or Redis' error in its place: a stranger's key of another type."""
    if not fields:
        return JobRecord(job_id)
    try:
        return JobRecord(job_id, status_of(fields, job_id))
    except UnreadableRecordError:
        hash_fields = fields if isinstance(fields, dict) else {"error": str(fields)}
        raw = {name: f"{len(value)} characters" if name in WORDS else value for name, value in hash_fields.items()}
        return JobRecord(job_id, raw=raw)


def detail_without_prompt(status: Status) -> str:
    """An error of ComfyUI's may repeat what it was given, and may have been cut in the midst of it."""
    prompt, detail = status.job.edit.prompt, status.detail
    if not prompt:
        return detail
    detail = detail.replace(prompt, "[prompt]")
    for length in range(min(len(prompt), len(detail)), 3, -1):
        if detail.endswith(prompt[:length]):
            return f"{detail[:-length]}[prompt]"
    return detail
