"""What a job is: the types of jobs, attempts and outcomes that bot and worker share."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, Strict, StringConstraints

MAX_PICTURES = 3
MAX_PROMPT_LENGTH = 4096


Name = Annotated[str, StringConstraints(max_length=100)]
"""An ID, a picture's reference or a workflow's name: with the prompt, they limit a job's size."""
Parameter = (
    Annotated[int, Strict(), Field(ge=-(2**53), le=2**53)]
    | Annotated[float, Strict(), AllowInfNan(False)]
    | Annotated[str, StringConstraints(max_length=200)]
)
Parameters = Annotated[dict[Name, Parameter], Field(max_length=16)]
"""Values for inputs of a workflow. Truth values are none: JSON and ComfyUI tell them from numbers, Python does not."""


class State(StrEnum):
    """A job's state. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DELAYED = "delayed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the state is final."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class Phase(StrEnum):
    """A running job's progress, as its user sees it."""

    QUEUED = "queued"
    STARTING = "starting"
    EDITING = "editing"
    SENDING = "sending"


class Acceptance(StrEnum):
    """Whether the bot accepted a job as it's here."""

    RECORDED = "recorded"
    """It did: it has the job on record, where workers can't write."""
    OLDER = "older"
    """The release before may have, which kept no record and runs no more, or not for long."""
    FORGED = "forged"
    """It didn't: a worker made the job up, or the record is lost."""


class Reason(StrEnum):
    """Why a job failed. The worker or the queue chooses; the bot has the words for it in every language."""

    COMFYUI_UNAVAILABLE = "comfyui_unavailable"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    """The GPU's memory isn't enough for a picture of the requested size."""
    SERVER_OUT_OF_MEMORY = "server_out_of_memory"
    """It isn't enough for the models, or for a picture of the size that they're made for."""
    WORKFLOW_REJECTED = "workflow_rejected"
    EXECUTION_FAILED = "execution_failed"
    WORKER_LOST = "worker_lost"
    PICTURE_EXPIRED = "picture_expired"
    PICTURE_UNREADABLE = "picture_unreadable"
    PICTURE_TOO_LARGE = "picture_too_large"
    """The photo exceeds ComfyUI's upload limit."""
    EXPIRED = "expired"
    """It waited longer than `MAX_WAIT`."""
    STORAGE_FULL = "storage_full"
    """Redis has no room for the result."""
    UNKNOWN = "unknown"


class _JobModel(BaseModel):
    # Of texts only names of fields are cached: pydantic would keep 16,384 ids and file names of jobs long done.
    model_config = ConfigDict(frozen=True, extra="forbid", cache_strings="keys")


class Edit(_JobModel):
    """An instruction and its pictures."""

    prompt: str = Field(max_length=MAX_PROMPT_LENGTH)
    pictures: tuple[Name, ...] = Field(min_length=1, max_length=MAX_PICTURES)
    """References into the picture store, never pixels."""
    seed: int = Field(ge=0, lt=2**53)
    """Below 2^53, so that it survives every JSON implementation on the way."""
    workflow: Name | None = None
    """Name of a workflow; None is the worker's default."""
    parameters: Parameters = Field(default_factory=dict)
    """Values for inputs that the workflow's binding names beside the usual ones."""


class ReplyTo(_JobModel):
    """Where the bot answers. The worker doesn't read it."""

    chat_id: int
    placeholder_id: int
    """The bot's message that shows progress and becomes the picture."""
    source_message_id: int
    language: Name
    discriminator: Name = ""
    """Distinguishes answers that reply to the same message."""
    thread_id: int = 0
    """The forum topic; 0 outside of topics."""


class Job(_JobModel):
    """One edit that a user asked for."""

    id: Name
    user_id: int
    edit: Edit
    reply: ReplyTo | None
    """None: the bot sends no answer, as for `qwenedit selftest`."""


class Result(_JobModel):
    """A successful attempt's result."""

    picture: str
    """Reference into the picture store (PNG)."""
    seed: int
    seconds: float
    """Execution time on ComfyUI, in seconds."""


@dataclass(frozen=True, slots=True)
class Done:
    """An attempt produced a picture."""

    result: Result
    picture: bytes | None = field(default=None, repr=False)
    """Stored in Redis under the result's reference; None if it's stored elsewhere."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed; another one may succeed."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """The job failed: no attempt would succeed."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The attempt didn't really begin: the job returns to the line, and the attempt isn't counted."""

    detail: str = ""
    pause: float | None = None
    """Seconds until it's back at the head of the line; they and the attempt count as waiting. If None, it's back at
    once, and neither counts."""


Outcome: TypeAlias = Done | Retry | Fail | Release
"""How an attempt ended."""


class Lease(StrEnum):
    """Whether a worker may continue with a job."""

    HELD = "held"
    CANCELLED = "cancelled"
    """The user has cancelled the job: stop and settle."""
    LOST = "lost"
    """Another worker has the job: stop and drop the work."""


class Settled(StrEnum):
    """A job's next state after an attempt."""

    DONE = "done"
    FAILED = "failed"
    DELAYED = "delayed"
    QUEUED = "queued"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Another worker has the lease; nothing was changed."""


class Cancelled(StrEnum):
    """Result of a cancellation."""

    CANCELLED = "cancelled"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to execute a job, until the lease runs out."""

    job: Job
    token: str
    attempt: int
    """1 for the first attempt, and again after one that wasn't counted."""
    max_attempts: int
    trace_context: str
    """The traceparent of the span that sent the job; empty for a job without a trace."""
    waited: float
    """Seconds from enqueue to this claim, by Redis' clock."""
    first: bool = True
    """No worker has had the job before."""
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    """The job's pictures if all came with the claim; otherwise they're in the store."""


@dataclass(frozen=True, slots=True)
class Status:
    """A job's current state in Redis."""

    job: Job
    state: State
    phase: Phase
    step: int
    steps: int
    attempt: int
    cancelling: bool
    enqueued_at: float
    """Seconds since the epoch, by Redis' clock."""
    reason: Reason | None
    result: Result | None
    trace_context: str = ""
    """The traceparent of its latest attempt, or of the span that sent it; empty for a job without a trace."""
    started_at: float | None = None
    """When its latest attempt began, by the same clock; None before the first."""
    finished_at: float | None = None
    """When it ended, by the same clock; None before."""
    worker: str = ""
    """Name of the worker of its latest attempt; empty before the first."""
    moved_at: float | None = None
    """When its phase or step changed last, in any attempt, by the same clock."""
    answered_at: float | None = None
    """When its user got the answer, by the same clock; None before."""
    answer: str = ""
    """What its user got, as passed to `Intake.answered`; empty before."""
    shown: str = ""
    """The digest of the picture that its user got, as passed to `Intake.answered`; empty if there's none."""
    acceptance: Acceptance = Acceptance.RECORDED
    """`Intake` checks it; `QueueView` doesn't."""
    ending: int = 0
    """Number of times that an operator requeued it after it had failed: tells its ends apart."""
    expires_at: float | None = None
    """When it expires unless it begins, by the same clock; None for another release's job without it."""
    sources: str = field(default="", repr=False)
    """Where its pictures came from, as passed to `Intake.enqueue`; empty for an earlier release's job."""
    max_attempts: int = 0
    detail: str = field(default="", repr=False)
    """A failed attempt's error. It may quote the user's instruction."""

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    @property
    def answered(self) -> bool:
        """Whether its user has the answer."""
        return self.answered_at is not None

    @property
    def at(self) -> str:
        """A running job's phase and step, as text; empty for others."""
        if self.state is not State.RUNNING:
            return ""
        return f"{self.phase} {self.step}/{self.steps}" if self.steps else self.phase


@dataclass(frozen=True, slots=True)
class Memory:
    """Redis' memory in bytes; all 0 if this Redis user may not ask."""

    used: int
    limit: int
    """`maxmemory`; 0: no limit."""
    kept_free: int
    """Reserved for the results of unfinished jobs."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of jobs in each state."""

    waiting: int
    running: int
    draining: int
    delayed: int
    dead: int
    paused: bool = False
    """Whether an operator paused the queue."""


def short_id(job_id: str) -> str:
    """Return the first digits of a job's ID, which users see and logs and traces can be searched for."""
    return job_id[:8]  # among a million jobs, two rarely share these


def job_id(chat_id: int, message_id: int, *, key: bytes, discriminator: str = "") -> str:
    """Derive a job's ID from its message, so that an update delivered twice makes one job.

    Args:
        chat_id: The message's chat.
        message_id: The message. Others may know or guess both IDs.
        key: The installation's secret, without which nobody can compute another user's job ID.
        discriminator: Distinguishes jobs of the same message, such as repeated presses of “again”.

    Returns:
        16 hexadecimal digits of an HMAC-SHA256.
    """
    message = f"{chat_id}:{message_id}:{discriminator}".encode(errors="surrogatepass")
    return hmac.digest(key, message, hashlib.sha256).hex()[:16]
