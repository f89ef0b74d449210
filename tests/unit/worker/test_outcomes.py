"""The error taxonomy: every class decides what happens to the job."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Fail, PictureExpiredError, Reason, Retry
from qwenedit_worker import comfyui
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.loop.outcomes import ReleaseJob, outcome_of

EXPECTED = [
    (comfyui.ComfyUIUnavailable("x"), ReleaseJob, None),
    (comfyui.ComfyUIUnavailable("x", submitted=True), Retry, Reason.COMFYUI_UNAVAILABLE),
    (comfyui.UnexpectedReply("x"), ReleaseJob, None),
    (comfyui.UnexpectedReply("x", submitted=True), Retry, Reason.COMFYUI_UNAVAILABLE),
    (comfyui.SilentExecutor("x"), ReleaseJob, None),
    (comfyui.SilentExecutor("x", submitted=True), Retry, Reason.COMFYUI_UNAVAILABLE),
    (comfyui.ModelMissing("x"), ReleaseJob, None),
    (comfyui.ComfyUIBusy("x"), ReleaseJob, None),
    (QueueUnavailableError("x"), ReleaseJob, None),
    (comfyui.EditTimeout("x"), Retry, Reason.TIMEOUT),
    (comfyui.OutOfMemory("x"), Fail, Reason.OUT_OF_MEMORY),
    (comfyui.ServerOutOfMemory("x"), Fail, Reason.SERVER_OUT_OF_MEMORY),
    (comfyui.PictureUnreadable("x"), Fail, Reason.PICTURE_UNREADABLE),
    (comfyui.PictureTooLarge("x"), Fail, Reason.PICTURE_TOO_LARGE),
    (comfyui.ExecutionFailed("x"), Fail, Reason.EXECUTION_FAILED),
    (comfyui.WorkflowRejected("x"), Fail, Reason.WORKFLOW_REJECTED),
    (comfyui.WorkflowFileError("x"), Fail, Reason.WORKFLOW_REJECTED),
    (PictureExpiredError("a"), Fail, Reason.PICTURE_EXPIRED),
    (KeyError("a defect"), Retry, Reason.UNKNOWN),
]


@pytest.mark.parametrize(
    ("error", "kind", "reason"), EXPECTED, ids=lambda value: getattr(value, "__name__", repr(value))
)
def test_each_error_has_its_outcome(error, kind, reason):
    outcome = outcome_of(error)
    assert type(outcome) is kind
    assert getattr(outcome, "reason", None) is reason


def test_time_in_a_comfyui_that_is_busy_counts_as_waiting():
    assert outcome_of(comfyui.ComfyUIBusy("x")) == ReleaseJob("ComfyUIBusy: x", pause=0.0, comfyui_busy=True)


def test_every_error_of_comfyui_has_an_outcome():
    def classes(base):
        return {base} | {found for sub in base.__subclasses__() for found in classes(sub)}

    public = {kind for kind in classes(comfyui.ComfyUIError) if kind.__name__ in comfyui.__all__}
    assert public - {comfyui.ComfyUIError} <= {type(error) for error, *_ in EXPECTED}


def test_detail_of_an_error_is_short():
    outcome = outcome_of(comfyui.ExecutionFailed("x" * 10_000))
    assert isinstance(outcome, Fail)
    assert len(outcome.detail) == 500


def test_detail_of_an_error_can_be_written_as_utf_8():
    outcome = outcome_of(comfyui.ExecutionFailed("node said \ud800"))
    assert isinstance(outcome, Fail)
    assert outcome.detail.encode()
