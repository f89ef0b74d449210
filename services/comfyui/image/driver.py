"""Say plainly what keeps the GPU from running ComfyUI, else start it: driver.py PROGRAM [ARGUMENT...].

PyTorch answers a driver that is missing or too old with a stack trace. The driver is asked through its own library,
which the container runtime brings into the container. Runs in ComfyUI's image with nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass, field

CUDA = (13, 0)
"""The CUDA version that the locked PyTorch is built for. Drivers of the same major version run it."""
CAPABILITY = (7, 5)
"""The oldest GPUs that the locked PyTorch has code for: Turing."""
WITHOUT_GPU = {"--cpu", "--help", "-h", "--list-feature-flags"}
"""Arguments of ComfyUI with which it does not look for a GPU."""
COMPUTE_CAPABILITY_MAJOR, COMPUTE_CAPABILITY_MINOR = 75, 76  # CUdevice_attribute in cuda.h


@dataclass(frozen=True, slots=True)
class Gpus:
    """What the driver says."""

    cuda: tuple[int, int]
    """The newest CUDA version that the driver runs."""
    driver: str | None = None
    """The driver's own version, where it can be asked."""
    error: str | None = None
    """Why CUDA does not start."""
    devices: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Compute capability of each GPU, by name."""


def trouble(gpus: Gpus | None) -> str | None:
    """Return why ComfyUI can't use a GPU, in one or two sentences; None if it can.

    Args:
        gpus: None where the driver's library is not there.
    """
    if gpus is None:
        return (
            "This container has no NVIDIA driver. Start it with `--gpus all` (Docker and the NVIDIA Container Toolkit) "
            "or give its pod an nvidia.com/gpu. With --cpu it runs without one, too slowly for the models."
        )
    # The first NVIDIA driver with CUDA 13: docs.nvidia.com/cuda/cuda-toolkit-release-notes.
    needed = f"This image has CUDA {_dotted(CUDA)} and needs the NVIDIA driver 580 or newer"
    if gpus.cuda[0] < CUDA[0]:
        driver = f"driver {gpus.driver}" if gpus.driver else "a driver"
        return f"{needed}. This machine has {driver}, for CUDA {_dotted(gpus.cuda)} at most. Update the driver."
    if gpus.error:
        return f"CUDA does not start on this machine's GPU: {gpus.error}."
    if not gpus.devices:
        return "The NVIDIA driver is there, and no GPU: is NVIDIA_VISIBLE_DEVICES set, or the GPU taken away?"
    if max(gpus.devices.values()) < CAPABILITY:
        names = ", ".join(f"{name} ({_dotted(capability)})" for name, capability in gpus.devices.items())
        return f"{needed}, and a GPU of compute capability {_dotted(CAPABILITY)} or newer. This machine has {names}."
    return None


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def read_gpus() -> Gpus | None:
    """Ask the driver, or return None where its library is not there."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    number = ctypes.c_int(0)
    cuda.cuDriverGetVersion(ctypes.byref(number))  # thousands and tens: 13020 is 13.2
    version = (number.value // 1000, number.value % 1000 // 10)
    if code := cuda.cuInit(0):
        return Gpus(version, driver=_driver_version(), error=f"{_error(cuda, code)} (error {code})")
    cuda.cuDeviceGetCount(ctypes.byref(number))
    return Gpus(version, driver=_driver_version(), devices=dict(_device(cuda, i) for i in range(number.value)))


def _error(cuda: ctypes.CDLL, code: int) -> str:
    text = ctypes.c_char_p()
    cuda.cuGetErrorString(code, ctypes.byref(text))
    return text.value.decode() if text.value else "unknown"


def _device(cuda: ctypes.CDLL, index: int) -> tuple[str, tuple[int, int]]:
    device, major, minor = (ctypes.c_int(0) for _ in range(3))
    name = ctypes.create_string_buffer(256)
    cuda.cuDeviceGet(ctypes.byref(device), index)
    cuda.cuDeviceGetName(name, len(name), device)
    cuda.cuDeviceGetAttribute(ctypes.byref(major), COMPUTE_CAPABILITY_MAJOR, device)
    cuda.cuDeviceGetAttribute(ctypes.byref(minor), COMPUTE_CAPABILITY_MINOR, device)
    return f"{name.value.decode()} {index}", (major.value, minor.value)


def _driver_version() -> str | None:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    text = ctypes.create_string_buffer(256)
    nvml.nvmlInit_v2()
    return None if nvml.nvmlSystemGetDriverVersion(text, len(text)) else text.value.decode()


def main(command: list[str]) -> None:
    """Become the program, or end with one line that says why not."""
    if not WITHOUT_GPU.intersection(command) and (reason := trouble(read_gpus())):
        raise SystemExit(f"comfyui: {reason}")
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 - the image's own entry point


if __name__ == "__main__":
    main(sys.argv[1:])
