"""ComfyUI's image: what it is built from, and what it says of itself."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

COMFYUI = Path(__file__).parents[3] / "services/comfyui"
IMAGE = COMFYUI / "image"
DOCKERFILE = (COMFYUI / "Dockerfile").read_text()


def load(name):
    spec = importlib.util.spec_from_file_location(name, IMAGE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


driver = load("driver")
check = load("check")


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


@pytest.mark.parametrize(
    ("gpus", "words"),
    [
        (None, "This container has no NVIDIA driver. Start it with `--gpus all`"),
        (
            driver.Gpus((12, 4), driver="550.54.15"),
            "needs the NVIDIA driver 580 or newer. This machine has driver 550.54.15, for CUDA 12.4 at most.",
        ),
        (
            driver.Gpus((12, 8), error="no CUDA-capable device is detected (error 100)"),
            "a driver, for CUDA 12.8 at most",
        ),
        (driver.Gpus((13, 0), error="system has unsupported display driver (error 803)"), "unsupported display driver"),
        (driver.Gpus((13, 0)), "The NVIDIA driver is there, and no GPU"),
        (
            driver.Gpus((13, 0), devices={"GTX 1080 0": (6, 1)}),
            "capability 7.5 or newer. This machine has GTX 1080 0 (6.1).",
        ),
    ],
)
def test_gpu_that_cannot_run_comfyui_is_explained(gpus, words) -> None:
    assert words in driver.trouble(gpus)


@pytest.mark.parametrize(
    "gpus",
    [
        driver.Gpus((13, 0), driver="580.65.06", devices={"T4 0": (7, 5)}),
        driver.Gpus((14, 1), devices={"GTX 1080 0": (6, 1), "RTX 5090 1": (12, 0)}),
    ],
)
def test_gpu_that_runs_comfyui_is_left_alone(gpus) -> None:
    assert driver.trouble(gpus) is None


def test_build_names_each_package_that_a_new_comfyui_needs(tmp_path) -> None:
    needed = [Requirement(line) for line in ("pytest", "pytest<1", "Triton", "no-such-package>=2")]

    assert check.missing(needed, [Requirement("triton")]) == [
        f"pytest<1: {pytest.__version__} is installed",
        "no-such-package>=2: not installed",
    ]
