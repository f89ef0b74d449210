"""What the Dockerfiles promise to the pods that run their images."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.chart.conftest import TOKEN

ROOT = Path(__file__).parents[2]
REGISTRY = "registry.example.com"
DOCKERFILES = sorted(path for folder in ("services", "simulators") for path in (ROOT / folder).glob("*/Dockerfile"))


@pytest.fixture(params=DOCKERFILES, ids=lambda path: path.parent.name)
def last_stage(request):
    text = request.param.read_text().replace("\\\n", " ")
    return text[text.rindex("\nFROM ") :]


def test_user_is_a_number_that_is_not_root(last_stage):
    (user,) = re.findall(r"^USER (\d+):\d+$", last_stage, re.MULTILINE)
    assert int(user) > 0


def test_first_process_passes_signals_on(last_stage):
    (entrypoint,) = re.findall(r"^ENTRYPOINT (\[.*\])$", last_stage, re.MULTILINE)
    assert json.loads(entrypoint)[:3] == ["tini", "--", "python"]


def test_arguments_of_docker_run_replace_no_folder_of_comfyui():
    text = (ROOT / "services/comfyui/Dockerfile").read_text().replace("\\\n", " ")
    (entrypoint,), (command,) = (
        re.findall(rf"^{word} (\[.*\])$", text, re.MULTILINE) for word in ("ENTRYPOINT", "CMD")
    )

    assert {"--input-directory", "--output-directory", "--temp-directory", "--user-directory"} <= {
        *json.loads(entrypoint)
    }
    assert json.loads(command) == ["--listen", "127.0.0.1", "--port", "8188"]


def test_page_on_images_pushes_every_image_that_its_installation_takes(render):
    said = (ROOT / "k8s/README.md").read_text()
    taken = re.findall(
        rf"{REGISTRY}/[\w./:-]+",
        json.dumps(render({**TOKEN, "global": {"imageRegistry": REGISTRY}, "image": {"tag": "dev"}})),
    )
    built = {f"{REGISTRY}/qwenedit/{name}:dev" for name in ("bot", "worker", "comfyui")}
    assert built < set(taken)
    assert "for name in bot worker comfyui; do docker push $REGISTRY/$name:dev; done" in said
    for image in set(taken) - built:
        assert f"docker push {image}" in said


def test_every_base_image_is_pinned_to_a_version():
    for path in DOCKERFILES:
        for image in re.findall(r"^FROM (\S+)", path.read_text(), re.MULTILINE):
            assert image == "scratch" or re.search(r":\d", image), f"{path} starts from {image}"
