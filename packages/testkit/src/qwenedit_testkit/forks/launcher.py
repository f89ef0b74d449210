"""Orders forks, and follows them as a `Part` follows its process."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import signal
import socket
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack import Part, bare_environment
from local_stack.processes.part import LINE_LIMIT, execute
from qwenedit_testkit import ROOT
from qwenedit_testkit.forks.server import Order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from local_stack.processes.part import Running

TOGETHER = ("qwenedit_bot.app.main", "qwenedit_worker.app", "telegram_simulator.cli")
"""Imported once for all of them: aiogram, which most of them need, takes four seconds."""
PROGRAMS = {
    "comfyui_simulator": ("comfyui_simulator.cli",),
    "moto.server": ("moto.server", "moto.s3.urls"),
    # The worker's own modules are changed as they are imported.
    "proofs.awaits.watched": tuple(
        """
        aiohttp redis.asyncio structlog pydantic_settings prometheus_client qwenedit_jobs
        qwenedit_jobs.workers.registry qwenedit_telemetry PIL.Image uvloop
    """.split()
    ),
    "proofs.chaos.seam": TOGETHER,
    "qwenedit_bot": TOGETHER,
    "qwenedit_worker": TOGETHER,
    "telegram_simulator": TOGETHER,
}
"""Programs that may be forked, and what the server of its forks imports beforehand for each."""

SHARED = "QWENEDIT_FORKS"
"""Variable that names a folder, so that several processes share the servers."""
INTERPRETER = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
"""What a server's interpreter was told at its start; it cannot be told anything else later."""


class Forks:
    """Starts parts by fork; a `Part.launcher`. Programs that import the same have one server, which ends with `close`.

    What it does not know, and what is to end with its starter, is executed as ever.

    Args:
        folder: Where servers listen. Everybody who names it shares their imports.
        programs: The modules that are forked, each with what is imported beforehand.
    """

    def __init__(self, folder: Path, programs: Mapping[str, Sequence[str]] = PROGRAMS) -> None:
        self._folder = folder
        self._programs = programs
        self._servers: dict[tuple[str, ...], socket.socket] = {}

    async def __call__(self, part: Part) -> Running:
        """Start a part's process."""
        known = part.command[:2] == (sys.executable, "-m") and part.command[2] in self._programs
        as_ours = all(INTERPRETER.get(name) == value for name, value in part.env.items() if name[:6] == "PYTHON")
        if not (known and as_ours) or part.ends_with_us or part.held_files or sys.platform != "linux":
            return await execute(part)
        _, _, module, *arguments = part.command
        order = Order(module=module, arguments=arguments, env=part.env, cwd=str(Path.cwd()))
        return await _fork(self._server(module), order)

    def close(self) -> None:
        """Leave the servers; whatever still runs of what they started for us is killed."""
        for orders in self._servers.values():
            orders.close()
        self._servers.clear()

    def _server(self, module: str) -> socket.socket:
        imported = tuple(self._programs[module])
        if imported not in self._servers:
            self._servers[imported] = _connected(self._folder, imported)
        return self._servers[imported]


def _connected(folder: Path, imported: tuple[str, ...]) -> socket.socket:
    """Connect to the server that has imported these modules; the first who asks starts it."""
    address = str(folder / hashlib.sha256(" ".join(imported).encode()).hexdigest()[:16])
    orders = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            orders.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            Path(address).unlink(missing_ok=True)
            _start(address, imported)
            orders.connect(address)
    return orders


def _start(address: str, imported: tuple[str, ...]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(address)
        listening.listen()
        os.posix_spawn(  # it outlives this process if others use it
            sys.executable,
            (sys.executable, "-m", "qwenedit_testkit.forks.server", *imported),
            bare_environment(**INTERPRETER),
            file_actions=((os.POSIX_SPAWN_DUP2, listening.fileno(), 0),),
            setpgroup=0,
        )


@contextmanager
def forking() -> Iterator[None]:
    """Start all parts by fork while the context is open; at its end, what still runs of them is killed."""
    with tempfile.TemporaryDirectory(prefix="forks-") as own:
        forks, executed = Forks(Path(os.environ.get(SHARED, own))), Part.launcher
        Part.launcher = forks
        try:
            yield
        finally:
            Part.launcher = executed
            forks.close()


async def _fork(orders: socket.socket, order: Order) -> Forked:
    printed, output = os.pipe()
    told, tell = os.pipe()
    try:
        socket.send_fds(orders, [json.dumps(order).encode()], [output, tell])
    finally:
        os.close(output)
        os.close(tell)
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader(limit=LINE_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(printed, "rb", buffering=0))
    _, status = await loop.connect_read_pipe(_Status, os.fdopen(told, "rb", buffering=0))
    return Forked(await status.pid, lines, status)


class _Status(asyncio.Protocol):
    """What the server tells of one fork."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.pid: asyncio.Future[int] = loop.create_future()
        self.code: asyncio.Future[int] = loop.create_future()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            (self.code if self.pid.done() else self.pid).set_result(int(line))
        if self.code.done():
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.pid.done():
            self.pid.set_exception(ChildProcessError("the server of forks ended; what it printed says why"))
        elif not self.code.done():
            self.code.set_result(-signal.SIGKILL)


class Forked:
    """A process that was forked, with what a `Part` needs of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, status: _Status) -> None:
        self.pid = pid
        self.stdout = stdout
        self._status = status

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal, and None while it runs."""
        return self._status.code.result() if self._status.code.done() else None

    async def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        return await asyncio.shield(self._status.code)

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
