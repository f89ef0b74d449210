"""The list of model files against the workflows that load them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qwenedit_worker.comfyui import Workflow
from qwenedit_worker.comfyui.models import model_files

COMFYUI = Path(__file__).parents[3] / "services/comfyui"


MODELS = json.loads((COMFYUI / "models.json").read_text())["files"]


def test_list_has_exactly_the_files_that_the_workflows_load() -> None:
    paths = [path for path in (COMFYUI / "workflows").glob("*.json") if not path.name.endswith(".binding.json")]
    loaded = [model_files(Workflow.load(path).graph) for path in paths]

    assert {model["path"] for model in MODELS} == {
        f"{folder}/{name}" for files in loaded for folder, names in files.items() for name in names
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model["path"])
def test_each_file_is_downloaded_under_its_own_name(model) -> None:
    assert Path(model["url"]).name == Path(model["path"]).name
