"""ComfyUI's image: what it is built from, and what it says of itself."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

COMFYUI = Path(__file__).parents[3] / "services/comfyui"
IMAGE = COMFYUI / "image"
DOCKERFILE = (COMFYUI / "Dockerfile").read_text()
driver, check = (SimpleNamespace(**runpy.run_path(str(IMAGE / f"{name}.py"))) for name in ("driver", "check"))


@pytest.fixture(scope="module")
def lock() -> dict[str, list[str]]:
    """Give the lock's lines by name: the pin, then the hashes."""
    text = re.sub(r"^\s*#.*\n", "", (IMAGE / "requirements.txt").read_text(), flags=re.MULTILINE)
    entries = (entry.split() for entry in text.replace("\\\n", " ").splitlines() if entry.strip())
    return {canonicalize_name(entry[0].partition("==")[0]): entry for entry in entries}


def test_comfyui_is_pinned_by_a_whole_commit() -> None:
    assert re.search(r"^ARG COMFYUI_COMMIT=[0-9a-f]{40}$", DOCKERFILE, re.MULTILINE)


def test_install_takes_nothing_but_the_lock() -> None:
    assert re.findall(r"pip install (.*?) \\$", DOCKERFILE, re.MULTILINE) == [
        "-q --require-hashes --no-build --no-deps -r /opt/qwenedit/requirements.txt"
    ]


def test_lock_pins_each_package_by_version_and_hash(lock) -> None:
    assert len(lock) > 60
    for name, (pin, *hashes) in lock.items():
        assert re.fullmatch(r"[\w.-]+==[\w.]+", pin), name
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", part) for part in hashes), name


def test_lock_and_driver_check_name_the_same_cuda(lock) -> None:
    version = lock["nvidia-cuda-runtime"][0].partition("==")[2]
    assert tuple(map(int, version.split(".")[:2])) == driver.CUDA


def test_build_names_each_package_that_a_new_comfyui_needs(tmp_path) -> None:
    needed = [Requirement(line) for line in ("pytest", "pytest<1", "Triton", "no-such-package>=2")]

    assert check.missing(needed, [Requirement("triton")]) == [
        f"pytest<1: {pytest.__version__} is installed",
        "no-such-package>=2: not installed",
    ]
