"""Decides what happens to a job after an edit's error: retry, fail, or release. A pure function over error types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import qwenedit_jobs as jobs
from qwenedit_jobs import Fail, PictureExpiredError, PictureStoreUnavailableError, Reason, Retry
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import (
    ComfyUIBusy,
    ComfyUIError,
    ComfyUIUnavailable,
    EditTimeout,
    ModelMissing,
    OutOfMemory,
    PictureTooLarge,
    PictureUnreadable,
    ServerOutOfMemory,
    WorkflowFileError,
    WorkflowRejected,
)
from qwenedit_worker.common.errors import QueueUnavailableError

if TYPE_CHECKING:
    from qwenedit_worker.comfyui import EditResult


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt produced a picture."""

    result: EditResult


@dataclass(frozen=True, slots=True)
class ReleaseJob(jobs.Release):
    """The attempt didn't really begin; the job returns to the line without a counted attempt."""

    comfyui_unready: bool = False
    """Whether ComfyUI must pass a check before its next job. Limits how often the job may be released."""
    comfyui_busy: bool = False
    """Whether it only waited in ComfyUI for other clients' jobs."""


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """The user has cancelled the job."""


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """Another worker has, or may have, the job: report nothing."""

    detail: str


AttemptOutcome: TypeAlias = Finished | Retry | Fail | ReleaseJob | JobCancelled | LeaseLost


_PERMANENT: tuple[tuple[type[Exception], Reason], ...] = (
    (ServerOutOfMemory, Reason.SERVER_OUT_OF_MEMORY),
    (OutOfMemory, Reason.OUT_OF_MEMORY),
    (PictureUnreadable, Reason.PICTURE_UNREADABLE),
    (PictureTooLarge, Reason.PICTURE_TOO_LARGE),
    (PictureExpiredError, Reason.PICTURE_EXPIRED),
    (WorkflowRejected, Reason.WORKFLOW_REJECTED),
    (WorkflowFileError, Reason.WORKFLOW_REJECTED),
    (ComfyUIError, Reason.EXECUTION_FAILED),
)
"""Errors that a retry doesn't help, with the reason; the first matching class decides."""


def outcome_of(error: Exception) -> AttemptOutcome:
    """Decide what happens to the job of an attempt that ended in an error.

    An unexpected error is a defect. The attempt counts, so that retries end.
    """
    detail = f"{type(error).__name__}: {error}"[:500]  # for the operator
    match error:
        case ComfyUIUnavailable(submitted=False) | ModelMissing():
            return ReleaseJob(detail, comfyui_unready=True)
        case ComfyUIBusy():
            return ReleaseJob(detail, pause=0.0, comfyui_busy=True)  # it waited there, which must end
        case PictureStoreUnavailableError() | QueueUnavailableError():
            return ReleaseJob(detail, pause=timeouts.STORE_AWAY)
        case ComfyUIUnavailable():
            return Retry(Reason.COMFYUI_UNAVAILABLE, detail)
        case EditTimeout():
            return Retry(Reason.TIMEOUT, detail)
    permanent = (reason for kind, reason in _PERMANENT if isinstance(error, kind))
    reason = next(permanent, None)
    return Fail(reason, detail) if reason else Retry(Reason.UNKNOWN, detail)
