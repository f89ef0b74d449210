"""A prompt's outcome, from ComfyUI's history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from qwenedit_worker.comfyui.errors import (
    ComfyUIError,
    ComfyUIUnavailable,
    ExecutionFailed,
    OutOfMemory,
    PictureUnreadable,
    ServerOutOfMemory,
    WorkflowRejected,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow


class Unfinished(StrEnum):
    """Where a prompt stands that has no record yet."""

    PENDING = "pending"
    IDLE = "idle"
    """Pending, while the executor runs nothing: it may be dead."""
    RUNNING = "running"
    UNKNOWN = "unknown"
    """Never seen, dequeued, or forgotten: a cancelled pending prompt leaves no trace."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file on the server, as `/view` takes it."""

    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """The record of a prompt that is finished, one way or another."""

    succeeded: bool
    outputs: Mapping[str, Any]
    messages: Mapping[str, Mapping[str, Any]]
    """What was said of the execution, by event; of each event the last one."""

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> HistoryRecord:
        """Read an entry of `/history`. It may raise any error for one of another shape."""
        status = entry["status"]
        return cls(
            succeeded=status["status_str"] == "success",
            outputs=dict(entry["outputs"]),
            messages={str(event): dict(data) for event, data in status["messages"]},
        )

    def picture(self, bound: BoundWorkflow) -> OutputFile:
        """Return the output node's first picture.

        Raises:
            ComfyUIUnavailable: another client interrupted the execution, or it ended without a picture.
            ExecutionFailed: it failed; OutOfMemory and PictureUnreadable where that is why.
            WorkflowRejected: a model could not be loaded.
        """
        # "success" with an execution_error among the messages is a failure: a node's blocked output ends so.
        if (error := self.messages.get("execution_error")) is not None:
            raise _failure(error, bound)
        if "execution_interrupted" in self.messages:
            raise ComfyUIUnavailable("somebody else interrupted the execution")
        if not self.succeeded:
            raise ExecutionFailed("the execution failed, and ComfyUI does not say why")
        match self.outputs.get(bound.output_node):
            case {"images": [{"filename": str(name), "subfolder": str(subfolder), "type": str(kind)}, *_]}:
                return OutputFile(name, subfolder, kind)
            case _:
                why = f"the execution succeeded without the picture of node {bound.output_node}"
                raise ComfyUIUnavailable(why, submitted=True)


def _failure(error: Mapping[str, Any], bound: BoundWorkflow) -> ComfyUIError:
    node, exception = str(error.get("node_id")), str(error.get("exception_type"))
    said = str(error.get("exception_message") or "").strip()
    message = f"node {node} ({error.get('node_type')}): {exception}: {said}"
    if _out_of_memory(exception, said):
        ours = bound.size_matters and node not in bound.loaders
        return OutOfMemory(message) if ours else ServerOutOfMemory(message)
    if node in bound.image_nodes:
        return PictureUnreadable(message)
    return WorkflowRejected(message) if node in bound.loaders else ExecutionFailed(message)


def _out_of_memory(exception: str, text: str) -> bool:
    """Recognise what comfy.model_management.is_oom does: torch's class, or an accelerator error that says so."""
    return "OutOfMemory" in exception or (exception.startswith("torch.") and "out of memory" in text.lower())
