"""The entry point of ComfyUI's image, as a process, beside drivers that say what a test tells them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parents[3] / "services/comfyui/image/driver.py"
NEEDS = "comfyui: This image has CUDA 13.0 and needs the NVIDIA driver 580 or newer"
LIBRARY = r"""
#include <stdlib.h>
#include <stdio.h>
static int told(const char *name) { const char *text = getenv(name); return text ? atoi(text) : 0; }
int cuDriverGetVersion(int *version) { *version = told("CUDA"); return 0; }
int cuInit(unsigned flags) { return told("ERROR"); }
int cuGetErrorString(int error, const char **text) { *text = "it is broken"; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int index) { *device = index + 7; return 0; }
int cuDeviceGetName(char *name, int size, int device) { snprintf(name, size, "GPU at %d,", device); return 0; }
int cuDeviceGetAttribute(int *value, int which, int device) { *value = which == 75 ? told("MAJOR") : 5; return 0; }
int nvmlInit_v2(void) { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { snprintf(text, size, "%s", getenv("DRIVER")); return 0; }
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory) -> Path:
    """Compile what an NVIDIA driver brings into a container."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler for a library in the driver's place")
    folder: Path = tmp_path_factory.mktemp("driver")
    for name in ("libcuda.so.1", "libnvidia-ml.so.1"):
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-x", "c", "-o", folder / name, "-"], input=LIBRARY, text=True, check=True
        )
    return folder


def start(libraries: Path, tmp_path: Path, *arguments: str, **driver: str) -> subprocess.CompletedProcess[str]:
    program = tmp_path / "main.py"
    program.write_text("import sys; print('started', *sys.argv[1:])")
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries), "DRIVER": "580.65.06", **driver}
    return subprocess.run(
        [sys.executable, DRIVER, program, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_driver_that_is_new_enough_starts_comfyui_with_its_arguments(libraries, tmp_path) -> None:
    done = start(libraries, tmp_path, "--port", "8188", CUDA="13000", MAJOR="8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "started --port 8188\n", "")


@pytest.mark.parametrize(
    ("driver", "line"),
    [
        (
            {"CUDA": "12040", "DRIVER": "550.54.15"},
            f"{NEEDS}. This machine has driver 550.54.15, for CUDA 12.4 at most.",
        ),
        (
            {"CUDA": "13020", "ERROR": "803"},
            "comfyui: CUDA does not start on this machine's GPU: it is broken (error 803).",
        ),
        (
            {"CUDA": "13000", "MAJOR": "6"},
            f"{NEEDS}, and a GPU of compute capability 7.5 or newer. This machine has GPU at 7, 0 (6.5).",
        ),
    ],
    ids=["old driver", "broken driver", "old GPU"],
)
def test_driver_that_does_not_fit_is_said_in_one_line(libraries, tmp_path, driver, line) -> None:
    done = start(libraries, tmp_path, **driver)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_no_driver_is_needed_on_a_cpu(tmp_path) -> None:
    assert "no NVIDIA driver" in start(tmp_path, tmp_path).stderr
    assert start(tmp_path, tmp_path, "--cpu").stdout == "started --cpu\n"
