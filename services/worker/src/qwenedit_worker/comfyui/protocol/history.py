"""What became of a prompt, as ComfyUI's history says it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qwenedit_worker.comfyui.errors import (
    ComfyUIError,
    ExecutionFailed,
    ExecutionInterrupted,
    ModelUnusable,
    OutOfMemory,
    PictureUnreadable,
    ServerOutOfMemory,
    UnexpectedReply,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow


LONGEST = 86_400_000
"""Milliseconds that an execution may be said to have taken."""
NO_MEMORY = re.compile("can(?:no|')t allocate memory", re.IGNORECASE)
"""What torch and the system say of the machine's own memory, into which a loader reads a file."""
MOVES_A_MODEL = "in load_models_gpu"
"""Part of a traceback's line, of ComfyUI's own function."""
NAME = re.compile(r"[^\x00-\x1f\x7f]{0,1000}")


class PromptState(StrEnum):
    """Where a prompt stands."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    UNKNOWN = "unknown"
    """Never seen, dequeued, or forgotten: a cancelled pending prompt leaves no trace."""


class OutputFile(BaseModel):
    """A file on the server, as `/view` takes it."""

    model_config = ConfigDict(frozen=True)

    filename: str = Field(pattern=NAME)
    subfolder: str = Field(default="", pattern=NAME)
    type: str = Field(default="output", pattern=NAME)


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a prompt that is finished, one way or another."""

    succeeded: bool
    outputs: Mapping[str, Any]
    messages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was said of the execution, by event; of each event the last one."""

    @classmethod
    def parse(cls, outputs: Any, status: Any) -> Record:
        """Read the parts that `/api/jobs/{id}` and `/history/{id}` have in common.

        Raises:
            UnexpectedReply: they are not what ComfyUI writes.
        """
        if not isinstance(outputs, dict) or not isinstance(status, dict | None):
            raise UnexpectedReply("a finished prompt's record lacks its outputs or its status")
        messages: dict[str, Mapping[str, Any]] = {}
        said = (status or {}).get("messages")
        for entry in said if isinstance(said, list) else []:
            match entry:
                case [str(event), dict(data)]:
                    messages[event] = data
                case _:
                    continue
        return cls(
            succeeded=status is None or status.get("status_str") == "success",
            outputs=outputs,
            messages=messages,
        )

    @property
    def seconds(self) -> float | None:
        """From the start of the execution to its end; ComfyUI stamps its messages in milliseconds."""
        start = self.messages.get("execution_start", {}).get("timestamp")
        end = self.messages.get("execution_success", {}).get("timestamp")
        if isinstance(start, int | float) and isinstance(end, int | float) and start <= end <= start + LONGEST:
            return (end - start) / 1000
        return None

    def picture(self, bound: BoundWorkflow) -> OutputFile:
        """Return the output node's first picture.

        Raises:
            ExecutionInterrupted: the execution was interrupted by somebody else.
            ExecutionFailed: it failed, or produced no picture; OutOfMemory and PictureUnreadable where that is why.
        """
        # "success" with an execution_error among the messages is a failure: a node's blocked output ends so.
        if (error := self.messages.get("execution_error")) is not None:
            raise _failure(error, bound)
        if "execution_interrupted" in self.messages:
            raise ExecutionInterrupted("somebody else interrupted the execution")
        if not self.succeeded:
            raise ExecutionFailed("the execution failed, and ComfyUI does not say why")
        output = self.outputs.get(bound.output_node)
        if not (isinstance(output, dict) and output.get("images")):
            raise ExecutionFailed(f"the execution succeeded without the picture of node {bound.output_node}")
        return first_picture(output)


def first_picture(output: Any) -> OutputFile:
    """Return the first picture that a node names among what it has put out.

    Raises:
        UnexpectedReply: it names none, or in an unknown way.
    """
    try:
        return OutputFile.model_validate(output["images"][0])
    except (ValidationError, LookupError, TypeError) as why:
        raise UnexpectedReply(f"no picture is named in {output!r:.200}", submitted=True) from why


@dataclass(frozen=True, slots=True)
class PromptStatus:
    """Where a prompt stands, with its record where it is finished."""

    state: PromptState
    record: Record | None = None


def _failure(error: Mapping[str, Any], bound: BoundWorkflow) -> ComfyUIError:
    node, class_type, exception = (_text(error, key) for key in ("node_id", "node_type", "exception_type"))
    said = (_text(error, "exception_message") or "").strip()
    message = f"node {node} ({class_type}): {exception}: {said}"
    kind = ExecutionFailed
    if _out_of_memory(exception or "", said):
        loading = _loading(error, bound)
        kind = OutOfMemory if bound.size_matters and not loading else ServerOutOfMemory
        message = f"{message} (while loading a model)" if loading else message
    elif node in bound.image_nodes:
        kind = PictureUnreadable
    elif bound.loads_model(node or ""):
        kind = ServerOutOfMemory if NO_MEMORY.search(said) or exception == "MemoryError" else ModelUnusable
    return kind(message)


def _out_of_memory(exception: str, said: str) -> bool:
    """Recognise what comfy.model_management.is_oom does: torch's class, or an accelerator error that says so."""
    return "OutOfMemory" in exception or (exception.startswith("torch.") and "out of memory" in said.lower())


def _loading(error: Mapping[str, Any], bound: BoundWorkflow) -> bool:
    """Whether a node failed while it loaded a model: a loader, or any that moves a loaded model to the GPU.

    ComfyUI moves it in comfy.model_management.load_models_gpu, which the encoder, the sampler and the decoder call.
    """
    if bound.loads_model(str(error.get("node_id"))):
        return True
    frames = error.get("traceback")
    return isinstance(frames, list) and any(MOVES_A_MODEL in frame for frame in frames if isinstance(frame, str))


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    return None if value is None else str(value)
