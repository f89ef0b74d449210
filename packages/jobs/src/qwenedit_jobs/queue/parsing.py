"""Read what Redis holds of a job, also what a newer version of the services has written.

Two versions share Redis during a rollout, and after a rollback. A worker must not execute a job of which it knows a
part only. The bot and the command line show or answer a job by that part alone, and must not fail for the rest.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from qwenedit_jobs.errors import UnreadableJobError, UnreadableRecordError
from qwenedit_jobs.model import Claim, Job, Phase, Reason, Result, State, Status
from qwenedit_jobs.picture_refs import is_of_job
from qwenedit_jobs.redis.scripts import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ON_RECORD = frozenset(
    ("payload", "user", "sources", "max_attempts", "picture_ttl", "answered_at", "answer", "shown", "requeued")
)
"""Fields of a job's hash that workers have no say in."""
_Word = TypeVar("_Word", bound=StrEnum)


def claim_of(reply: Mapping[str, Any], token: str) -> Claim:
    """Read what the script says of the job that it took, by names.

    Raises:
        UnreadableJobError: this version does not know the whole of the job.
    """
    pictures = tuple(reply["pictures"])
    try:
        job = Job.model_validate_json(_text(reply["payload"]))
        return Claim(
            job=job,
            token=token,
            attempt=int(_text(reply["attempt"])),
            max_attempts=int(_text(reply["max_attempts"])),
            trace_context=_text(reply["trace_context"]),
            waited=int(_text(reply["waited"])) / 1000,
            first=not reply["before"],
            pictures=pictures if len(pictures) == len(job.edit.pictures) else (),
        )
    except ValueError as error:  # pydantic's and those of texts and numbers
        raise UnreadableJobError(_text(reply["id"]), token) from error


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="backslashreplace")


def fields_in(reply: Sequence[str] | str) -> dict[str, str] | str:
    """Read the fields and values that a script returns by turns; it may say in words why it has none."""
    return reply if isinstance(reply, str) else named(reply)


def as_accepted(fields: Mapping[str, str], record: Mapping[str, str]) -> dict[str, str]:
    """Return a job's hash with what the bot has on record, in place of what workers may have written."""
    return {name: value for name, value in fields.items() if name not in ON_RECORD} | dict(record)


def status_of(fields: object, job_id: str) -> Status:
    """Read a job's hash, or Redis' error in its place: a key of another type.

    A worker may write the hash. So a job that names another id is unreadable, and a result that isn't the job's own
    picture is none.

    Args:
        fields: The hash.
        job_id: The id under which it lies.

    Raises:
        UnreadableRecordError: what this version must know is not there, or is something else.
    """
    if not isinstance(fields, dict):
        raise UnreadableRecordError(f"no hash: {fields}")
    try:
        status = _status_of(fields)
    except ValidationError as error:
        named = {".".join(map(str, problem["loc"])) or problem["type"] for problem in error.errors()}
        raise UnreadableRecordError(f"of another version: {', '.join(sorted(named))}") from error
    except KeyError as error:
        raise UnreadableRecordError(f"no {error}") from error
    except (ValueError, TypeError) as error:
        # Of all fields only these are numbers and words; the user's own words are in the payload.
        raise UnreadableRecordError(str(error)) from error
    if status.job.id != job_id:
        raise UnreadableRecordError("names another job")
    if status.result is not None and not is_of_job(job_id, status.result.picture):
        return replace(status, result=None)
    return status


def _status_of(fields: Mapping[str, str]) -> Status:
    result = fields.get("result")
    reason = fields.get("reason")
    return Status(
        job=Job.model_validate_json(fields["payload"], extra="ignore"),
        state=State(fields["state"]),
        phase=known(Phase, fields["phase"], Phase.STARTING),
        step=whole(fields["step"]),
        steps=whole(fields["steps"]),
        attempt=whole(fields["attempt"]),
        cancelling=fields.get("cancelling") == "1",
        enqueued_at=whole(fields["enqueued_at"]) / 1000,
        reason=known(Reason, reason, Reason.UNKNOWN) if reason else None,
        result=Result.model_validate_json(result, extra="ignore") if result else None,
        trace_context=fields.get("trace_context", ""),
        started_at=seconds(fields, "started_at"),
        finished_at=seconds(fields, "finished_at"),
        worker=fields.get("worker", ""),
        moved_at=seconds(fields, "moved_at"),
        answered_at=seconds(fields, "answered_at"),
        answer=fields.get("answer", ""),
        ending=whole(fields.get("requeued", 0)),
        expires_at=seconds(fields, "expires_at"),
        shown=fields.get("shown", ""),
        sources=fields.get("sources", ""),
        max_attempts=whole(fields.get("max_attempts", 0)),
        detail=fields.get("detail", ""),
    )


def whole(value: str | float) -> int:
    """Read a count, or a time in milliseconds.

    Traces have times in nanoseconds of 64 bits, and a batch of them is lost for one that is beyond.

    Raises:
        ValueError: it is no number that a job can have.
    """
    try:
        number = int(value)
    except OverflowError as error:
        raise ValueError("an infinite number") from error
    if 0 <= number <= 9 * 10**12:  # until the year 2255
        return number
    raise ValueError("a number that is not from 0 to 9,000,000,000,000")


def seconds(fields: Mapping[str, str], name: str) -> float | None:
    """Parse a time in milliseconds; None if it's unknown.

    Raises:
        ValueError: it is no time.
    """
    return whole(fields[name]) / 1000 if fields.get(name) else None


def known(words: type[_Word], word: str, otherwise: _Word) -> _Word:
    """Read a word of a kind; another version's word is `otherwise`."""
    try:
        return words(word)
    except ValueError:
        return otherwise
