"""The client against the simulator in a process of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comfyui_simulator.client import SimulatorControl
from local_stack import ComfyUISimulator, bare_environment
from qwenedit_testkit.photos import plain
from qwenedit_worker.comfyui import ComfyUI, EditRequest, EditResult, Progress, SharedFolders, Workflow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

WORKFLOWS = Path(__file__).parents[3] / "services/comfyui/workflows"
FAST, QUALITY, INVERT = (
    Workflow.load(WORKFLOWS / f"{name}.json")
    for name in ("qwen-image-edit-2511-fast", "qwen-image-edit-2511-quality", "invert-model-free")
)
LARGER = Workflow.load(WORKFLOWS / "larger.json")
OF_2509 = Workflow.load(WORKFLOWS / "qwen-image-edit-2509-fast.json")
STEP, LONG_STEP, MANY_STEPS = 0.05, 0.5, 60
"""Seconds of a step, on most servers and on the slow one, and steps of a long edit."""
BLUE = (30, 40, 200)
JOBS = itertools.count(1)
"""Across tests, so that the server has no job's result in its cache."""


def picture_of(colour: tuple[int, int, int]) -> bytes:
    return plain(colour, size=(64, 48), kind="PNG")


@dataclass
class Client:
    """A client with what a test wants to know of it."""

    comfyui: ComfyUI
    progress: list[Progress] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, progress: Progress) -> None:
        self.progress.append(progress)
        self.news.set()

    def request(self, workflow: Workflow = FAST, *, images: tuple[bytes, ...] = (picture_of(BLUE),)) -> EditRequest:
        number = next(JOBS)
        return EditRequest(
            job_id=f"job{number}", attempt=1, workflow=workflow, prompt="make it snow", images=images, seed=number
        )

    async def edit(self, request: EditRequest | None = None, *, within: float = 60.0) -> EditResult:
        deadline = asyncio.get_running_loop().time() + within
        result = await self.comfyui.edit(request or self.request(), on_progress=self.note, deadline=deadline)
        await self.comfyui.tidied()
        return result

    async def until(self, stage: str) -> None:
        async with asyncio.timeout(30):
            while not any(progress.stage == stage for progress in self.progress):
                self.news.clear()
                await self.news.wait()


@dataclass(frozen=True)
class Server:
    part: ComfyUISimulator
    data: Path

    @property
    def url(self) -> str:
        return self.part.url

    def files(self) -> list[str]:
        """Names of all files and folders of jobs; `os.walk` bears that the server removes some meanwhile."""
        walks = (os.walk(self.data / kind) for kind in ("input", "output"))
        return sorted(name for walk in walks for _, folders, files in walk for name in (*folders, *files))

    @asynccontextmanager
    async def client(
        self, *, workflows: tuple[Workflow, ...] = (FAST,), url: str = "", patience: float = 30.0
    ) -> AsyncIterator[Client]:
        """Make one."""
        folders = SharedFolders(input=self.data / "input", output=self.data / "output")
        async with ComfyUI(
            url or self.url, workflows=workflows, poll_interval=0.1, patience=patience, folders=folders
        ) as comfyui:
            yield Client(comfyui)


@dataclass(frozen=True)
class Slow:
    """A slow server, its faults, and a client of it."""

    server: Server
    control: SimulatorControl
    client: Client

    def request(self) -> EditRequest:
        """One of half a minute."""
        return replace(self.client.request(QUALITY), parameters={"steps": MANY_STEPS})


@asynccontextmanager
async def running_server(data: Path, *, step_seconds: float = STEP) -> AsyncIterator[Server]:
    part = ComfyUISimulator(env=bare_environment(), data_dir=data, step_seconds=step_seconds)
    await part.start()
    try:
        yield Server(part, data)
    finally:
        await part.kill()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with asyncio.Runner() as runner:
        server = running_server(tmp_path_factory.mktemp("comfyui"))
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def shared_slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with asyncio.Runner() as runner:
        server = running_server(tmp_path_factory.mktemp("slow-comfyui"), step_seconds=LONG_STEP)
        yield runner.run(server.__aenter__())
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
async def slow(shared_slow_server: Server) -> AsyncIterator[Slow]:
    """A server on which an edit may take long."""
    server = shared_slow_server
    async with SimulatorControl(server.url) as control, server.client() as client:
        yield Slow(server, control, client)
        await control.clear()


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[Server]:
    """For tests that leave the server unusable."""
    async with running_server(tmp_path) as server:
        yield server


@pytest.fixture
async def control(shared_server: Server) -> AsyncIterator[SimulatorControl]:
    async with SimulatorControl(shared_server.url) as control:
        yield control
        await control.clear()


@pytest.fixture
async def server(shared_server: Server, control: SimulatorControl) -> Server:
    return shared_server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    async with server.client() as client:
        yield client


@pytest.fixture
def client_of(server: Server) -> Callable[[str], AbstractAsyncContextManager[Client]]:
    """Make a client of another address of the same server."""
    return lambda url: server.client(url=url)


@pytest.fixture
async def own_control(own_server: Server) -> AsyncIterator[SimulatorControl]:
    async with SimulatorControl(own_server.url) as control:
        yield control
