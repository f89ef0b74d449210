"""Why ComfyUI refused a prompt: turns its reply (400, or 200 with node errors) into one of our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenedit_worker.comfyui.errors import ComfyUIError, ComfyUIUnavailable, ModelMissing, WorkflowRejected
from qwenedit_worker.comfyui.workflow.model_files import model_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow


def rejection(body: Any, bound: BoundWorkflow) -> ComfyUIError | None:
    """Return the error in a reply to `POST /prompt`, if it reports one.

    ComfyUI answers 400 if no output can be executed, and 200 with `node_errors` if only some can.
    """
    errors = list(_node_errors(body.get("node_errors")))
    reason = body.get("error")
    if not errors and not reason:
        return None
    missing = [error for error in errors if error["type"] == "value_not_in_list" and "Loader" in error["class_type"]]
    if missing:
        files = [model_file(error["class_type"], error["input"], error["received"]) for error in missing]
        return ModelMissing(f"ComfyUI lacks {', '.join(files)}")
    lines = [_TOLD.format_map(error) for error in errors]
    for error, words in zip(errors, lines, strict=True):
        if error["node"] in bound.image_nodes and error["type"] == "custom_validation_failed":
            return ComfyUIUnavailable(f"the uploaded picture is gone from the server: {words}")
    return WorkflowRejected("; ".join(lines) or f"ComfyUI refused the prompt: {reason!r}")


_TOLD = "node {node} ({class_type}), input {input}: {type}: {text}"


def _node_errors(node_errors: Any) -> Iterator[dict[str, str]]:
    for node, described in (node_errors or {}).items():
        for error in described.get("errors") or [{}]:
            extra = error.get("extra_info") or {}
            fields = {
                "node": node,
                "class_type": described.get("class_type"),
                "type": error.get("type"),
                "input": extra.get("input_name") or "?",
                "text": error.get("details") or error.get("message"),
                "received": extra.get("received_value"),
            }
            yield {key: str(value) for key, value in fields.items()}
