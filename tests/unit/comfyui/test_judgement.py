"""From what ComfyUI says to our errors: records, refusals, events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from qwenedit_worker.comfyui import (
    BoundWorkflow,
    ExecutionFailed,
    ExecutionInterrupted,
    ModelMissing,
    ModelUnusable,
    OutOfMemory,
    PictureLost,
    PictureUnreadable,
    ServerOutOfMemory,
    UnexpectedReply,
    WorkflowRejected,
)
from qwenedit_worker.comfyui.protocol.history import OutputFile, Record
from qwenedit_worker.comfyui.protocol.rejection import rejection
from qwenedit_worker.comfyui.protocol.websocket import AskNow, Began, Ended, Ending, Stepped, read

BOUND = BoundWorkflow(graph={}, output_node="42", image_nodes=frozenset({"21"}), steps=4, steps_node="40")
OUTPUT = {"42": {"images": [{"filename": "edited_00001_.png", "subfolder": "j/1", "type": "output"}]}}


def record(messages: list[object], *, outputs: object = OUTPUT, status: str = "success") -> Record:
    return Record.parse(outputs, {"status_str": status, "completed": True, "messages": messages})


def failure(node: str, exception: str, said: str = "") -> list[Any]:
    return [
        ["execution_error", {"node_id": node, "node_type": "X", "exception_type": exception, "exception_message": said}]
    ]


def test_picture_is_taken_as_named() -> None:
    assert record([]).picture(BOUND) == OutputFile(filename="edited_00001_.png", subfolder="j/1", type="output")


def test_seconds_are_from_start_to_success() -> None:
    messages: list[object] = [["execution_start", {"timestamp": 1000}], ["execution_success", {"timestamp": 3500}]]
    assert record(messages).seconds == 2.5
    assert record([]).seconds is None


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
    ("node", "frames", "size_matters", "kind"),
    [
        # https://github.com/Comfy-Org/ComfyUI/issues/6176: the loader itself; /4936: the sampler, which moves the model
        ("12", [], True, ServerOutOfMemory),
        ("40", ['  File "comfy/model_management.py", line 7, in load_models_gpu\n'], True, ServerOutOfMemory),
        ("40", ['  File "comfy/ldm/modules/attention.py", line 63, in forward\n'], True, OutOfMemory),
        ("40", ['  File "comfy/ldm/modules/attention.py", line 63, in forward\n'], False, ServerOutOfMemory),
        ("40", None, True, OutOfMemory),
        ("40", [None, 7], True, OutOfMemory),
    ],
)
def test_out_of_memory_is_the_servers_while_a_model_loads_and_where_no_smaller_photo_helps(
    node, frames, size_matters, kind
) -> None:
    bound = replace(BOUND, loaders=frozenset({"12"}), size_matters=size_matters)
    messages = failure(node, "torch.OutOfMemoryError", "Allocation on device")
    messages[0][1]["traceback"] = frames
    with pytest.raises(OutOfMemory) as caught:
        record(messages, status="error").picture(bound)
    assert type(caught.value) is kind
    assert ("while loading a model" in str(caught.value)) is (node == "12" or "load_models_gpu" in str(frames))


@pytest.mark.parametrize(
    ("exception", "said", "kind"),
    [
        ("safetensors_rust.SafetensorError", "Error while deserializing header: incomplete metadata", ModelUnusable),
        (
            "RuntimeError",
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
            ServerOutOfMemory,
        ),
        ("OSError", "Cannot allocate memory (os error 12)", ServerOutOfMemory),
        ("MemoryError", "", ServerOutOfMemory),
    ],
)
def test_failure_of_a_node_that_loads_a_model_is_the_servers(exception, said, kind) -> None:
    bound = replace(BOUND, loaders=frozenset({"12"}), size_matters=True)
    with pytest.raises(ExecutionFailed) as caught:
        record(failure("12", exception, said), status="error").picture(bound)
    assert type(caught.value) is kind


def test_interrupt_from_outside_is_not_the_jobs_fault() -> None:
    with pytest.raises(ExecutionInterrupted):
        record([["execution_interrupted", {}]], status="error").picture(BOUND)


@pytest.mark.parametrize("outputs", [{}, {"42": {}}, {"42": {"images": []}}, {"7": OUTPUT["42"]}, {"42": None}])
def test_success_without_the_expected_output_is_a_failure(outputs) -> None:
    with pytest.raises(ExecutionFailed, match="without the picture"):
        record([], outputs=outputs).picture(BOUND)


@pytest.mark.parametrize("image", [{}, "name", None, {"filename": 3}])
def test_output_named_in_an_unknown_way_is_unexpected(image) -> None:
    with pytest.raises(UnexpectedReply):
        record([], outputs={"42": {"images": [image]}}).picture(BOUND)


@pytest.mark.parametrize(("outputs", "status"), [(None, {}), ({}, "success"), ([], None)])
def test_record_of_another_form_is_unexpected(outputs, status) -> None:
    with pytest.raises(UnexpectedReply):
        Record.parse(outputs, status)


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


def test_fault_beside_a_missing_model_is_permanent() -> None:
    error = refused(
        refusal("10", "UNETLoader", "value_not_in_list", "unet_name", "q"),
        refusal("40", "KSampler", "value_not_in_list", "sampler_name", "eule"),
    )
    assert isinstance(error, WorkflowRejected)
    assert "node 40 (KSampler), input sampler_name: value_not_in_list" in str(error)


def test_vanished_upload_is_the_servers_fault() -> None:
    assert isinstance(refused(refusal("21", "LoadImage", "custom_validation_failed", "image")), PictureLost)


def test_error_without_node_errors_is_worded() -> None:
    error = rejection({"error": {"type": "prompt_no_outputs", "message": "Prompt has no outputs"}}, BOUND)
    assert isinstance(error, WorkflowRejected)
    assert "Prompt has no outputs" in str(error)


def test_node_errors_in_an_accepted_prompt_are_a_rejection() -> None:
    body = {"prompt_id": "p", "number": 1, "node_errors": refusal("7", "SaveImage", "required_input_missing")}
    assert isinstance(rejection(body, BOUND), WorkflowRejected)


def test_accepted_prompt_is_none() -> None:
    assert rejection({"prompt_id": "p", "number": 1, "node_errors": {}}, BOUND) is None


def event(kind: str, **data: object) -> object:
    return read(json.dumps({"type": kind, "data": {"prompt_id": "p", **data}}), prompt_id="p")


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("execution_start", {"timestamp": 1}, Began()),
        ("execution_cached", {"nodes": []}, Began()),
        ("executing", {"node": "40"}, Began("40")),
        ("executing", {"node": None}, Ended()),
        ("progress", {"node": "40", "value": 2, "max": 4}, Stepped(node="40", step=2, steps=4)),
        ("execution_success", {}, Ending()),
        ("execution_error", {}, Ending()),
        ("execution_interrupted", {}, Ending()),
        ("something_new", {}, None),
        ("progress", {"node": "40", "value": "two", "max": 4}, None),
    ],
)
def test_events_are_read(kind, data, expected) -> None:
    assert event(kind, **data) == expected


def test_events_of_other_prompts_are_ignored() -> None:
    assert read('{"type": "executing", "data": {"node": null, "prompt_id": "other"}}', prompt_id="p") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"type": "executing"}', '{"type": 1, "data": {}}'])
def test_nonsense_is_ignored(text) -> None:
    assert read(text, prompt_id="p") is None


def test_status_asks_to_look() -> None:
    assert read('{"type": "status", "data": {"status": {"exec_info": {}}}}', prompt_id="p") == AskNow()
