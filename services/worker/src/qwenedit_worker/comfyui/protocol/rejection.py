"""Why ComfyUI refused a prompt: turns its reply (400, or 200 with node errors) into one of our errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenedit_worker.comfyui.errors import ComfyUIError, ModelMissing, PictureLost, WorkflowRejected
from qwenedit_worker.comfyui.workflow.model_files import model_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow


@dataclass(frozen=True, slots=True)
class _NodeError:
    node: str
    class_type: str
    type: str
    input: str
    text: str
    received: str

    def __str__(self) -> str:
        return f"node {self.node} ({self.class_type}), input {self.input or '?'}: {self.type}: {self.text}"


def rejection(body: Any, bound: BoundWorkflow) -> ComfyUIError | None:
    """Judge the reply to `POST /prompt`; None where it reports no error.

    ComfyUI answers 400 where no output can be executed, and 200 with `node_errors` where only some can.
    """
    if not isinstance(body, dict):
        return WorkflowRejected(f"ComfyUI refused the prompt: {body!r:.200}")
    errors = list(_node_errors(body.get("node_errors")))
    reason = body.get("error")
    if not errors and not reason:
        return None
    missing = [error for error in errors if error.type == "value_not_in_list" and "Loader" in error.class_type]
    if missing and len(missing) == len([e for e in errors if e.type not in _CONSEQUENCES]):
        files = tuple(model_file(error.class_type, error.input, error.received) for error in missing)
        return ModelMissing(f"ComfyUI lacks {', '.join(files)}", files=files)
    lost = [error for error in errors if error.node in bound.image_nodes and error.type == "custom_validation_failed"]
    if lost:
        return PictureLost(f"the uploaded picture is gone from the server: {lost[0]}")
    if errors:
        return WorkflowRejected("; ".join(map(str, errors)))
    said = reason if isinstance(reason, dict) else {"message": reason}
    return WorkflowRejected(" ".join(str(said[key]) for key in ("type", "message", "details") if said.get(key)))


_CONSEQUENCES = frozenset({"exception_during_inner_validation"})
"""Errors that a node reports for the faults of those before it (execution.py)."""


def _node_errors(node_errors: Any) -> Iterator[_NodeError]:
    if not isinstance(node_errors, dict):
        return
    for node, found in node_errors.items():
        if not isinstance(found, dict):
            continue
        for error in found.get("errors") or [{}]:
            extra = error.get("extra_info") or {}
            yield _NodeError(
                node=str(node),
                class_type=str(found.get("class_type")),
                type=str(error.get("type")),
                input=str(extra.get("input_name") or ""),
                text=str(error.get("details") or error.get("message") or ""),
                received=str(extra.get("received_value") or ""),
            )
