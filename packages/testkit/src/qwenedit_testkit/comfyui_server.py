"""The ComfyUI that a benchmark runs on: a real one that the environment names, or a simulated one of its own."""

from __future__ import annotations

import os
import platform
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from local_stack import ComfyUISimulator, bare_environment
from qwenedit_testkit.files import files_below
from qwenedit_testkit.programs import unable
from qwenedit_worker.comfyui import SharedFolders

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WHICH = """
The ComfyUI is the one at COMFYUI_URL, which nobody else may use meanwhile (a CPU will do, no weights needed), with the
folder of its `input` and `output` in REAL_COMFYUI_DATA. Without these it is a simulated one, whose times are its own.
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A ComfyUI with its folders."""

    url: str
    data: Path
    name: str
    simulated: bool = False

    @property
    def folders(self) -> SharedFolders:
        """As the worker's client takes them."""
        return SharedFolders(input=self.data / "input", output=self.data / "output")

    @property
    def settings(self) -> dict[str, str]:
        """As the worker takes them from its environment."""
        return {"COMFYUI_BASE_DIR": str(self.data)}

    def files(self) -> set[str]:
        """Paths of all files in its folders, below the data folder."""
        return {str(path.relative_to(self.data)) for path in files_below(self.folders.input, self.folders.output)}


@asynccontextmanager
async def comfyui(*, step_seconds: float = 0.02) -> AsyncIterator[Server]:
    """Have one, real or simulated.

    A real one that is named without its folder ends the program.
    """
    if url := os.environ.get("COMFYUI_URL"):
        if not (data := os.environ.get("REAL_COMFYUI_DATA")):
            unable("COMFYUI_URL is set: set REAL_COMFYUI_DATA as well, to the folder of its input and output")
        yield Server(url.rstrip("/"), Path(data), f"ComfyUI {await _version(url.rstrip('/'))}")
        return
    with tempfile.TemporaryDirectory(prefix="comfyui-") as folder:
        part = ComfyUISimulator(env=bare_environment(), data_dir=Path(folder), step_seconds=step_seconds)
        await part.start()
        try:
            yield Server(part.url, Path(folder), "a simulated ComfyUI", simulated=True)
        finally:
            await part.stop()


async def _version(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/system_stats") as answer:
        return str((await answer.json())["system"].get("comfyui_version", "of unknown version"))


def machine() -> str:
    """Say on what this was measured: figures of another machine, or of a busy one, are others."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"
