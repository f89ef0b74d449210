"""The server as a whole: start, stop, what a restart forgets, and the faults that concern all of it."""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from comfyui_simulator.faults import Fault, FaultName, Faults
from comfyui_simulator.files import Files
from comfyui_simulator.nodes.catalog import MODELS, Catalog
from comfyui_simulator.prompts import PromptLog, Prompts
from comfyui_simulator.run import Run, RunContext, Vanished
from comfyui_simulator.sockets import Sockets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from comfyui_simulator.config import Config

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


class Life:
    """All that a restart forgets: queue, history, cache, sockets and the executor."""

    def __init__(self, simulator: Simulator) -> None:
        self._log = simulator.log
        self.sockets = Sockets(status=self.status)
        self.prompts = Prompts(self.sockets.tell_status)
        self.shared = RunContext(
            config=simulator.config,
            files=simulator.files,
            faults=simulator.faults,
            sockets=self.sockets,
            strike=simulator.strike,
        )
        self.executor = asyncio.create_task(self._execute())
        self._publishing = asyncio.create_task(self.sockets.publish())

    async def end(self) -> None:
        """Stop executing and sending."""
        tasks = (self.executor, self._publishing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def status(self) -> dict[str, Any]:
        """Return the content of a `status` event."""
        return {"exec_info": {"queue_remaining": self.prompts.remaining}}

    async def _execute(self) -> None:
        """Run prompts, one at a time, until something unforeseen ends this.

        The latter is ComfyUI's own weakness, kept on purpose: HTTP goes on answering and nothing runs any more.
        """
        while True:
            prompt = await self.prompts.take()
            self._log.note(prompt, "started")
            run = Run(prompt, self.shared)
            try:
                outcome = await run.run()
            except Vanished:
                self._log.note(prompt, "vanished")
                self.prompts.finish(prompt, None)
                continue
            except Exception:
                log.exception("the executor died; prompts will be accepted and not run")
                raise
            self._log.note(prompt, outcome["status"]["status_str"])
            self.prompts.finish(prompt, outcome)
            run.end()


class Simulator:
    """A ComfyUI without a model."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.files = Files(config.data_dir)
        self.faults = Faults()
        self.log = PromptLog()
        self.catalog = Catalog(self._models)
        self.restarts = 0
        self.life: Life
        self._runner: web.AppRunner
        self._site: web.TCPSite
        self._port = config.port
        self._strikes: asyncio.Queue[Fault] = asyncio.Queue()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.config.host}:{self._port}"

    def _models(self, folder: str) -> tuple[str, ...]:
        """Return the names of the model files in a folder, without those that a fault took away."""
        missing = self.faults.peek(FaultName.MISSING_MODEL)
        return tuple(
            name.removeprefix(f"{folder}/")
            for name in sorted(MODELS)
            if name.startswith(f"{folder}/") and not (missing and missing.model in name)
        )

    @asynccontextmanager
    async def serving(self, app: web.Application) -> AsyncIterator[None]:
        """Listen while the context is open."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        self.life = self._begin_life()
        try:
            await self._listen()
            async with asyncio.TaskGroup() as group:
                striking = group.create_task(self._carry_out())
                yield
                striking.cancel()
        finally:
            await self.life.end()
            await self.life.sockets.close()
            await self._runner.cleanup()

    def strike(self, fault: Fault) -> None:
        """Carry out a fault of the server as a whole; what takes time happens soon."""
        if fault.name is FaultName.KILL_EXECUTOR:
            self.life.executor.cancel()
        elif fault.name is FaultName.DROP_SOCKET:
            self.life.sockets.drop_all()
        elif fault.name is FaultName.SILENT_SOCKET:
            self.life.sockets.silence_all()
        else:
            if fault.name is FaultName.RESTART:
                self.life.executor.cancel()
            self._strikes.put_nowait(fault)

    async def _carry_out(self) -> None:
        """Be away, and perhaps come back without memory."""
        while True:
            fault = await self._strikes.get()
            await self._site.stop()
            for connection in self._runner.server.connections if self._runner.server else ():
                if connection.transport is not None:
                    connection.transport.abort()
            if fault.name is FaultName.RESTART:
                self.restarts += 1
                await self.life.end()
                self.life = self._begin_life()
            await asyncio.sleep(fault.lasts())
            await self._listen()

    def _begin_life(self) -> Life:
        temp = self.config.data_dir / "temp"
        shutil.rmtree(temp, ignore_errors=True)
        temp.mkdir(exist_ok=True)  # a mount point is emptied, and stays
        return Life(self)

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, self.config.host, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    @web.middleware
    async def faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the faults of HTTP happen to ComfyUI's own routes."""
        path = request.path
        if path.startswith(("/simulator", "/ws")):
            return await handler(request)
        if fault := self.faults.take(FaultName.SLOW, path=path):
            await asyncio.sleep(fault.lasts())
        if self.faults.take(FaultName.HTTP_ERROR, path=path):
            return web.Response(status=503)
        answer = await handler(request)
        if self.faults.take(FaultName.DROP_ANSWER, path=path) and request.transport is not None:
            request.transport.abort()
        return answer
