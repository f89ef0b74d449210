"""What a job is, and the words in which bot and worker speak of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_PICTURES = 3
MAX_PROMPT_LENGTH = 4096
MAX_NAME_LENGTH = 100
"""Characters of an id, a picture's reference, a workflow's name: with the prompt's they bound what a job takes up."""

Name = Annotated[str, StringConstraints(max_length=MAX_NAME_LENGTH)]


class State(StrEnum):
    """Where a job stands. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DELAYED = "delayed"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing will happen to the job any more."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class Phase(StrEnum):
    """What the user sees of a job that is not finished."""

    QUEUED = "queued"
    STARTING = "starting"
    EDITING = "editing"
    SENDING = "sending"


class Reason(StrEnum):
    """Why a job failed. The worker or the queue chooses; the bot has the words for it in every language."""

    COMFYUI_UNAVAILABLE = "comfyui_unavailable"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    WORKFLOW_REJECTED = "workflow_rejected"
    EXECUTION_FAILED = "execution_failed"
    WORKER_LOST = "worker_lost"
    PICTURE_EXPIRED = "picture_expired"
    PICTURE_UNREADABLE = "picture_unreadable"
    EXPIRED = "expired"
    """It waited longer than the operator lets jobs wait."""
    UNKNOWN = "unknown"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(_Frozen):
    """What to do with which pictures."""

    prompt: str = Field(max_length=MAX_PROMPT_LENGTH)
    pictures: tuple[Name, ...] = Field(min_length=1, max_length=MAX_PICTURES)
    """References into the picture store, never pixels."""
    seed: int = Field(ge=0, lt=2**53)
    """Below 2^53, so that it survives every JSON implementation on the way."""
    workflow: Name | None = None
    """Name of a workflow; None is the worker's default."""


class ReplyTo(_Frozen):
    """Where the bot answers. The worker passes it on unread."""

    chat_id: int
    placeholder_id: int
    """The bot's message that shows progress and becomes the picture."""
    source_message_id: int
    language: Name


class Job(_Frozen):
    """One edit that a user asked for."""

    id: Name
    user_id: int
    edit: Edit
    reply: ReplyTo | None
    """None: nobody waits for an answer, as for the operator's `qwenedit selftest`; the bot then sends nothing."""


class Result(_Frozen):
    """What a successful attempt produced."""

    picture: str
    """Reference into the picture store (PNG)."""
    seed: int
    seconds: float
    """Execution time on ComfyUI, in seconds."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to execute a job, until the lease runs out."""

    job: Job
    token: str
    attempt: int
    """1 for the first execution."""
    max_attempts: int
    trace_context: str
    """The traceparent of the span that sent the job; empty for a job without a trace."""
    waited: float
    """Seconds from enqueue to this claim, by Redis' clock."""
    attempt_context: str = ""
    """What this attempt's span is to be called, a traceparent; empty for a job without a trace."""
    previous_context: str = ""
    """The same of the attempt before; empty for the first."""


@dataclass(frozen=True, slots=True)
class Status:
    """A job as Redis knows it now."""

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


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs are where."""

    waiting: int
    running: int
    draining: int
    delayed: int
    dead: int


def job_id(chat_id: int, message_id: int, *, discriminator: str = "") -> str:
    """Derive a job's id from the message that asks for it, so that an update delivered twice makes one job.

    The discriminator tells jobs apart that come from the same message, such as repeated presses of “again”.
    """
    return hashlib.sha256(f"{chat_id}:{message_id}:{discriminator}".encode()).hexdigest()[:16]
