"""Facts of `POST /prompt`: what is accepted, and in which words the rest is refused."""

from __future__ import annotations

import uuid


async def refusal(comfy, graph):
    status, answer = await comfy.post("/prompt", {"prompt": graph})
    assert status == 400
    return answer


def node_errors(answer):
    return {
        node_id: [(error["type"], error["details"]) for error in found["errors"]]
        for node_id, found in answer["node_errors"].items()
    }


async def test_accepts_the_prompt_id_it_is_given(comfy, invert):
    prompt_id = str(uuid.uuid4())
    graph = invert(await comfy.uploaded())
    status, answer = await comfy.post("/prompt", {"prompt": graph, "prompt_id": prompt_id})
    assert status == 200
    assert answer["prompt_id"] == prompt_id
    assert answer["node_errors"] == {}
    assert isinstance(answer["number"], int)


async def test_missing_input_picture_is_a_custom_validation_failure(comfy, invert):
    answer = await refusal(comfy, invert("no-such.png"))
    assert answer["error"]["type"] == "prompt_outputs_failed_validation"
    assert node_errors(answer) == {"load": [("custom_validation_failed", "image - Invalid image file: no-such.png")]}
    assert answer["node_errors"]["load"]["class_type"] == "LoadImage"
    assert answer["node_errors"]["load"]["dependent_outputs"] == ["save"]


async def test_model_that_is_not_there_is_not_in_the_list(comfy, invert):
    graph = invert(await comfy.uploaded())
    graph["vae"] = {"class_type": "VAELoader", "inputs": {"vae_name": "no-such.safetensors"}}
    graph["encode"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["load", 0], "vae": ["vae", 0]}}
    graph["decode"] = {"class_type": "VAEDecode", "inputs": {"samples": ["encode", 0], "vae": ["vae", 0]}}
    graph["save"]["inputs"]["images"] = ["decode", 0]
    answer = await refusal(comfy, graph)
    ((kind, details),) = node_errors(answer)["vae"]
    assert kind == "value_not_in_list"
    assert details.startswith("vae_name: 'no-such.safetensors' not in [")
    assert answer["node_errors"]["vae"]["errors"][0]["extra_info"]["input_name"] == "vae_name"


async def test_bad_output_among_good_ones_is_200_with_node_errors_and_the_good_ones_run(comfy, invert):
    graph = invert(await comfy.uploaded())
    graph["bad"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}
    status, answer = await comfy.post("/prompt", {"prompt": graph})
    assert status == 200
    assert node_errors(answer) == {"bad": [("required_input_missing", "images")]}
    job = await comfy.ended(answer["prompt_id"])
    assert (job["status"], list(job["outputs"])) == ("completed", ["save"])
