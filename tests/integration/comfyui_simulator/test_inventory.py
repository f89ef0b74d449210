"""Facts of what a server says it has."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from comfyui_simulator.nodes.catalog import MODEL_INPUTS
from comfyui_simulator.nodes.record_object_info import without_prose

RECORDING = json.loads(resources.files("comfyui_simulator.nodes").joinpath("recorded/object_info.json").read_text())


async def test_system_stats_name_version_and_devices(comfy):
    _, stats = await comfy.get("/system_stats")
    assert stats["system"]["comfyui_version"].count(".") == 2
    assert stats["devices"][0]["vram_total"] > 0


async def test_unknown_class_has_no_object_info(comfy):
    assert await comfy.get("/object_info/NoSuchNode") == (200, {})


@pytest.mark.parametrize("name", sorted(RECORDING["nodes"]))
async def test_recording_equals_what_the_server_says(comfy, name):
    _, stats = await comfy.get("/system_stats")
    if stats["system"]["comfyui_version"] != RECORDING["comfyui_version"]:
        pytest.skip(f"recorded from {RECORDING['comfyui_version']}")
    _, info = await comfy.get(f"/object_info/{name}")
    shown = without_prose(info[name])
    recorded = RECORDING["nodes"][name]
    for field, config in shown["input"]["required"].items():
        if (name, field) in {*MODEL_INPUTS, ("LoadImage", "image")}:
            # The lists of files are the server's own.
            declared = recorded["input"]["required"][field]
            if declared[0] == "COMBO":
                config[1]["options"] = declared[1]["options"]
            else:
                config[0] = declared[0]
    assert shown == recorded
