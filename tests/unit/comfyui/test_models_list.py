"""The lists of model files against the workflows that load them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qwenedit_worker.comfyui import Workflow
from qwenedit_worker.comfyui.workflow.model_files import MODEL_INPUTS

COMFYUI = Path(__file__).parents[3] / "services/comfyui"


LISTS = {
    "models": ("qwen-image-edit-2511-fast", "qwen-image-edit-2511-quality", "invert-model-free", "larger"),
    "models-qwen-image-edit-2509": ("qwen-image-edit-2509-fast", "larger"),
    "models-flux-1-kontext-dev": ("flux-1-kontext-dev", "larger"),
}


def models(name: str) -> list[dict[str, str]]:
    files: list[dict[str, str]] = json.loads((COMFYUI / f"{name}.json").read_text())["files"]
    return files


@pytest.mark.parametrize("name", LISTS)
def test_list_has_exactly_the_files_that_its_workflows_load(name) -> None:
    graphs = [Workflow.load(COMFYUI / "workflows" / f"{workflow}.json").graph for workflow in LISTS[name]]

    assert {model["path"] for model in models(name)} == {
        f"{folder}/{node.inputs[put]}"
        for graph in graphs
        for node in graph.values()
        for (class_type, put), folder in MODEL_INPUTS.items()
        if class_type == node.class_type
    }


def test_each_workflow_has_its_list() -> None:
    shipped = {path.stem for path in (COMFYUI / "workflows").glob("*.json") if not path.stem.endswith(".binding")}
    assert shipped == {workflow for workflows in LISTS.values() for workflow in workflows}


def test_each_file_is_pinned_and_downloaded_under_its_own_name() -> None:
    for model in (model for name in LISTS for model in models(name)):
        assert Path(model["url"]).name == Path(model["path"]).name
        assert re.fullmatch("[0-9a-f]{64}", model.get("sha256", "")), model["path"]
