"""One part of the product as a process of its own: started, watched, stopped, killed, started again."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol

from local_stack.processes.errors import PartDiedError, PartNotReadyError
from local_stack.processes.parent_death import end_with_parent
from local_stack.processes.ready import Ready, at_once

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

START_TIMEOUT = 120.0
"""Seconds that a part may take to become ready."""
STOP_TIMEOUT = 10.0
"""Seconds that a part may take to finish what it does; then it is told again, and then killed."""
INSIST_TIMEOUT = 5.0
LINES_KEPT = 20_000
LINE_LIMIT = 1 << 20

Listener = Callable[[str, str], None]


class Running(Protocol):
    """What a part needs of its process: some of `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """What it prints."""

    async def wait(self) -> int:
        """Wait for its end; returns its exit code."""

    def send_signal(self, number: int, /) -> None:
        """Send it a signal."""


async def execute(part: Part) -> Running:
    """Start a part's process by executing its command."""
    return await asyncio.create_subprocess_exec(
        *part.command,
        env=part.env,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        limit=LINE_LIMIT,
        process_group=0,
        pass_fds=part.held_files,
        preexec_fn=end_with_parent() if part.ends_with_us else None,
    )


class Part:
    """A process and what it printed. It may be started again after it has ended, as the same part.

    It does not get the terminal's Ctrl-C: its starter decides the order in which parts stop.

    Args:
        name: Stands before its lines.
        command: Program and arguments.
        env: Its whole environment.
        ready: How to find out that it is ready.

    Attributes:
        ends_with_us: Whether the kernel ends it when its starter has ended in any way. Linux alone can.
        held_files: Descriptors of open files that it has too, and so holds their locks for as long as it runs.
        launcher: How the process of any part is started.
    """

    launcher: ClassVar[Callable[[Part], Awaitable[Running]]] = staticmethod(execute)

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        ready: Ready | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.env = dict(env)
        self.ends_with_us = False
        self.held_files: tuple[int, ...] = ()
        self._ready = ready or at_once()
        self.listener: Listener | None = None
        """Called with name and line for each line it prints."""
        self._process: Running | None = None
        self._reading: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._printed = asyncio.Condition()

    @property
    def lines(self) -> list[str]:
        """What it printed since it was last started."""
        return list(self._lines)

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started().pid

    async def start(self, *, timeout: float = START_TIMEOUT) -> None:  # noqa: ASYNC109 - said in the error
        """Start it and wait until it is ready.

        Args:
            timeout: Seconds.

        Raises:
            PartDiedError: it ended instead.
            PartNotReadyError: it was not ready in time; it has been killed.
        """
        await self.launch()
        try:
            await self.wait_ready(timeout=timeout)
        except BaseException:
            await self.kill()
            raise

    async def launch(self) -> None:
        """Start its process without waiting until it is ready."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        self._lines.clear()
        self._process = await self._begin()
        self._reading = asyncio.create_task(self._read(self._process), name=f"lines of {self.name}")

    async def _begin(self) -> Running:
        return await Part.launcher(self)

    async def wait_ready(self, *, timeout: float = START_TIMEOUT) -> None:  # noqa: ASYNC109 - said in the error
        """Wait until it is ready; raises as `start` does, and leaves it running."""
        ready = asyncio.create_task(self._ready(self))
        ended = asyncio.create_task(self.wait())
        try:
            await asyncio.wait({ready, ended}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
            elif ended.done():
                raise PartDiedError(self.name, ended.result(), self.lines)
            else:
                raise PartNotReadyError(self.name, f"was not ready within {timeout:g} s", self.lines)
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    async def stop(self, *, timeout: float = STOP_TIMEOUT) -> int:  # noqa: ASYNC109 - it insists, and does not give up
        """Ask it to stop (SIGTERM), ask again after `timeout` seconds, and kill it where it does not.

        Returns:
            Its exit code; negative: the signal that ended it.
        """
        for patience in (timeout, INSIST_TIMEOUT):
            self.signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(patience):
                    return await self.wait()
            except TimeoutError:
                continue
        return await self.kill()

    async def kill(self) -> int:
        """End it at once (SIGKILL); returns its exit code."""
        self.signal(signal.SIGKILL)
        return await self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens where it has ended."""
        if self.running:
            self._started().send_signal(number)

    async def wait(self) -> int:
        """Wait until it has ended and all it printed has been read; returns its exit code."""
        code = await self._started().wait()
        if self._reading is not None:
            await asyncio.shield(self._reading)
        return code

    async def wait_for_line(self, pattern: str) -> re.Match[str]:
        """Wait for a line, printed since the start, in which the pattern is found."""
        expression = re.compile(pattern)
        async with self._printed:
            while True:
                for line in self._lines:
                    if match := expression.search(line):
                        return match
                await self._printed.wait()

    async def _read(self, process: Running) -> None:
        stream = process.stdout
        if stream is None:
            raise RuntimeError("the process was started without a pipe")
        async for raw in stream:
            line = raw.decode(errors="replace").rstrip()
            if self.listener is not None:
                self.listener(self.name, line)
            async with self._printed:
                self._lines.append(line)
                self._printed.notify_all()

    def _started(self) -> Running:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a module with this interpreter."""
    return (sys.executable, "-m", module, *arguments)
