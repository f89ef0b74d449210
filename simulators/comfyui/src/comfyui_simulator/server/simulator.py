"""The server as a whole: start, stop, and the faults that concern all of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from typing import TYPE_CHECKING

from aiohttp import web

from comfyui_simulator.common.faults import FaultName, Faults
from comfyui_simulator.common.files import Files
from comfyui_simulator.execution.prompt_log import PromptLog
from comfyui_simulator.nodes.catalog import Catalog
from comfyui_simulator.server.state import ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from comfyui_simulator.common.config import Config

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)

AWAY_SECONDS = 1.0
"""How long a `refuse` or `restart` lasts unless told otherwise."""


class Simulator:
    """A ComfyUI without a model."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.files = Files(config.data_dir)
        self.faults = Faults()
        self.ledger = PromptLog(config.data_dir / "ledger.jsonl")
        self.catalog = Catalog(models=self.models, pictures=self.files.choices)
        self.restarts = 0
        self.peak_connections = 0
        self.life: ServerState
        self._runner: web.AppRunner
        self._site: web.TCPSite | None = None
        self._loop: asyncio.AbstractEventLoop
        self._wishes: asyncio.Queue[tuple[FaultName, float | None]] = asyncio.Queue()
        self._port = config.port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.config.host}:{self._port}"

    @property
    def connections(self) -> int:
        """Open TCP connections, websockets among them."""
        return len(self._runner.server.connections) if self._runner.server else 0

    def models(self, folder: str) -> tuple[str, ...]:
        """Names of the model files in a folder, without those that a fault took away."""
        missing = self.faults.peek(FaultName.MISSING_MODEL)
        return tuple(
            name.removeprefix(f"{folder}/")
            for name in sorted(self.config.models)
            if name.startswith(f"{folder}/") and not (missing and missing.model in name)
        )

    def server_fault(self, name: FaultName, seconds: float | None) -> None:
        """Carry out a fault of the server as a whole soon. Callable from any thread."""
        self._loop.call_soon_threadsafe(self._wishes.put_nowait, (name, seconds))

    @contextlib.asynccontextmanager
    async def serving(self, app: web.Application) -> AsyncIterator[None]:
        """Listen while the context is open."""
        self._loop = asyncio.get_running_loop()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        self.life = self._begin_life()
        try:
            await self._listen()
            async with asyncio.TaskGroup() as group:
                granting = group.create_task(self._grant_wishes())
                yield
                granting.cancel()
        finally:
            await self.life.stop_publishing()
            self.life.pace.stop()
            await self.life.hub.close()
            await self._runner.cleanup()
            await asyncio.to_thread(self.life.executor.join, 5)

    def _begin_life(self) -> ServerState:
        shutil.rmtree(self.files.root / "temp", ignore_errors=True)
        (self.files.root / "temp").mkdir(exist_ok=True)  # a mount point is emptied, and stays
        return ServerState(
            config=self.config,
            files=self.files,
            faults=self.faults,
            ledger=self.ledger,
            server_fault=self.server_fault,
        )

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, self.config.host, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _grant_wishes(self) -> None:
        while True:
            name, seconds = await self._wishes.get()
            away = AWAY_SECONDS if seconds is None else seconds
            if name is FaultName.DROP_SOCKET:
                self.life.hub.drop_all()
            elif name is FaultName.SILENT_SOCKET:
                self.life.hub.silence_all()
            elif name is FaultName.REFUSE:
                await self._be_away(away)
            elif name is FaultName.RESTART:
                self.life.pace.stop()
                self.restarts += 1
                await self._be_away(away, restart=True)

    async def _be_away(self, seconds: float, *, restart: bool = False) -> None:
        if self._site is not None:
            await self._site.stop()
        for connection in self._runner.server.connections if self._runner.server else ():
            if connection.transport is not None:
                connection.transport.abort()
        if restart:
            await self.life.stop_publishing()
            self.life = self._begin_life()
        await asyncio.sleep(seconds)
        await self._listen()

    @web.middleware
    async def faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the faults of HTTP happen to ComfyUI's own routes."""
        self.peak_connections = max(self.peak_connections, self.connections)
        path = request.path.removeprefix("/api")
        if path.startswith(("/simulator", "/ws")):
            return await handler(request)
        if fault := self.faults.take(FaultName.SLOW, path=path):
            await asyncio.sleep(AWAY_SECONDS if fault.seconds is None else fault.seconds)
        if fault := self.faults.take(FaultName.HTTP_ERROR, path=path):
            return web.Response(status=fault.status)
        answer = await handler(request)
        if self.faults.take(FaultName.DROP_ANSWER, path=path) and request.transport is not None:
            request.transport.abort()
        return answer
