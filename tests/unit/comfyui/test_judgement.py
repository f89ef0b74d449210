"""From what ComfyUI says to our errors: records, refusals, events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from qwenedit_worker.comfyui import (
    BoundWorkflow,
    ComfyUIUnavailable,
    ExecutionFailed,
    ModelMissing,
    OutOfMemory,
    PictureUnreadable,
    ServerOutOfMemory,
    WorkflowRejected,
)
from qwenedit_worker.comfyui.protocol.history import HistoryRecord
from qwenedit_worker.comfyui.protocol.rejection import rejection
from qwenedit_worker.comfyui.protocol.websocket import FeedEvent, parse_event

BOUND = BoundWorkflow(graph={}, output_node="42", image_nodes=frozenset({"21"}), steps=4, steps_node="40")
OUTPUT = {"42": {"images": [{"filename": "edited_00001_.png", "subfolder": "j/1", "type": "output"}]}}


def record(messages: list[object], *, outputs: object = OUTPUT, status: str = "success") -> HistoryRecord:
    return HistoryRecord.parse({"outputs": outputs, "status": {"status_str": status, "messages": messages}})


def failure(node: str, exception: str, said: str = "") -> list[Any]:
    return [
        ["execution_error", {"node_id": node, "node_type": "X", "exception_type": exception, "exception_message": said}]
    ]


@pytest.mark.parametrize(
    ("node", "exception", "said", "kind"),
    [
        ("40", "RuntimeError", "shape", ExecutionFailed),
        ("40", "torch.OutOfMemoryError", "Allocation on device", ServerOutOfMemory),
        ("40", "torch.cuda.OutOfMemoryError", "", ServerOutOfMemory),
        ("40", "torch.AcceleratorError", "CUDA error: out of memory", ServerOutOfMemory),
        ("40", "RuntimeError", "the cat is out of memory lane", ExecutionFailed),
        ("21", "PIL.UnidentifiedImageError", "cannot identify image file", PictureUnreadable),
        ("21", "torch.OutOfMemoryError", "", ServerOutOfMemory),
    ],
)
@pytest.mark.parametrize("status", ["error", "success"])
def test_execution_error_decides_whatever_the_status_says(node, exception, said, kind, status) -> None:
    with pytest.raises(ExecutionFailed) as caught:
        record(failure(node, exception, said), status=status).picture(BOUND)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"node {node} (X): {exception}: ")


@pytest.mark.parametrize(
    ("node", "size_matters", "kind"),
    [("12", True, ServerOutOfMemory), ("40", True, OutOfMemory), ("40", False, ServerOutOfMemory)],
)
def test_out_of_memory_is_the_servers_at_a_loader_and_where_no_smaller_photo_helps(node, size_matters, kind) -> None:
    bound = replace(BOUND, loaders=frozenset({"12"}), size_matters=size_matters)
    with pytest.raises(OutOfMemory) as caught:
        record(failure(node, "torch.OutOfMemoryError", "Allocation on device"), status="error").picture(bound)
    assert type(caught.value) is kind


def test_model_that_cannot_be_loaded_is_the_deployments_fault() -> None:
    bound = replace(BOUND, loaders=frozenset({"12"}))
    with pytest.raises(WorkflowRejected, match="incomplete metadata"):
        record(failure("12", "SafetensorError", "incomplete metadata"), status="error").picture(bound)


@pytest.mark.parametrize(
    "outputs", [{}, {"42": {}}, {"42": {"images": []}}, {"7": OUTPUT["42"]}, {"42": None}, {"42": {"images": [{}]}}]
)
def test_success_without_the_expected_output_is_the_servers_fault(outputs) -> None:
    with pytest.raises(ComfyUIUnavailable, match="without the picture") as caught:
        record([], outputs=outputs).picture(BOUND)
    assert caught.value.submitted  # it counts as an attempt


def refusal(node: str, class_type: str, kind: str, name: str = "x", value: str = "v") -> dict[str, object]:
    extra = {"input_name": name, "received_value": value}
    errors = [{"type": kind, "message": "m", "details": "d", "extra_info": extra}]
    return {node: {"errors": errors, "class_type": class_type, "dependent_outputs": ["42"]}}


def refused(*node_errors: dict[str, object]) -> object:
    merged = {node: found for each in node_errors for node, found in each.items()}
    error = {"type": "prompt_outputs_failed_validation", "message": "failed", "details": "", "extra_info": {}}
    return rejection({"error": error, "node_errors": merged}, BOUND)


def test_model_that_is_not_in_the_loaders_list_is_missing() -> None:
    error = refused(
        refusal("10", "UNETLoader", "value_not_in_list", "unet_name", "q.safetensors"),
        refusal("15", "VAELoader", "value_not_in_list", "vae_name", "v.safetensors"),
    )
    assert isinstance(error, ModelMissing)
    assert str(error) == "ComfyUI lacks diffusion_models/q.safetensors, vae/v.safetensors"


def test_vanished_upload_is_the_servers_fault() -> None:
    assert isinstance(refused(refusal("21", "LoadImage", "custom_validation_failed", "image")), ComfyUIUnavailable)


def event(kind: str, **data: object) -> object:
    found = parse_event(json.dumps({"type": kind, "data": {"prompt_id": "p", **data}}))
    return found and found[1]


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("execution_start", {"timestamp": 1}, FeedEvent()),
        ("execution_cached", {"nodes": []}, FeedEvent()),
        ("executing", {"node": "40"}, FeedEvent("40")),
        ("executing", {"node": None}, FeedEvent(over=True)),
        ("progress", {"node": "40", "value": 2, "max": 4}, FeedEvent("40", step=2, steps=4)),
        ("execution_success", {}, None),
        ("something_new", {}, None),
        ("progress", {"node": "40", "value": "two", "max": 4}, None),
    ],
)
def test_events_are_read(kind, data, expected) -> None:
    assert event(kind, **data) == expected


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"type": "executing"}', '{"type": 1, "data": {}}', '{"type": "status", "data": {}}'],
)
def test_nonsense_is_ignored(text) -> None:
    assert parse_event(text) is None
