"""Has pictures opened by processes with limits, which `qwenedit_decoder` forks."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import structlog

from qwenedit_bot.pictures.bound import later
from qwenedit_decoder.answers import (
    HEAVY,
    MAX_RESULT_BYTES,
    Limits,
    PictureRefusedError,
    Refusal,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CHUNK = 256 * 1024
"""Bytes that are read at once."""
STARTS_WITHIN = 60.0
"""Seconds for the server to be there, on a machine that is busy, and for a process to be ended."""
KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG")
"""What the processes get of the bot's environment, which has the token and passwords."""
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""A second thread's own arena would take 64 MB of the addresses that a process may have."""

A = TypeVar("A")
log = structlog.get_logger(__name__)


class _Server:
    """The process that forks the others, and the socket over which it gets theirs."""

    def __init__(self) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders.setblocking(False)
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the command stands here
                    (sys.executable, "-m", "qwenedit_decoder", str(theirs.fileno())),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | ONE_ARENA,
                    start_new_session=True,
                )
            except OSError:
                self._orders.close()
                raise

    def fork(self) -> socket.socket:
        """Return the socket of a new process.

        Raises:
            OSError: the server has ended, or does not listen.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                socket.send_fds(self._orders, [b"!"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    @property
    def ended(self) -> bool:
        """Whether the server has ended by itself."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End the server and all that it has forked."""
        self._orders.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Decoder:
    """Opens pictures, each in a process of its own that the kernel ends beyond its limits. To be closed.

    There is one process at a time for each kind of limits, so a picture that takes long delays only others that do. A
    heavy picture doesn't wait for another one in memory: its request is sent away.
    """

    def __init__(self) -> None:
        self._server: _Server | None = None
        self._places = defaultdict[Limits, asyncio.Semaphore](asyncio.Semaphore)

    def close(self) -> None:
        """End all processes."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def check_heavy(self) -> None:
        """Send away whoever has a heavy picture, while there is another one.

        Raises:
            LaterError: there is.
        """
        if self._places[HEAVY].locked():
            raise later("conversion")

    async def ask(self, answer: TypeAdapter[A], do: str, data: bytes, limits: Limits, **arguments: str) -> A:
        """Have something done with a picture.

        Args:
            answer: Its type.
            do: One of the decoder's `ORDERS`.
            data: The picture.
            limits: What the process may take.
            arguments: Of the order.

        Raises:
            PictureRefusedError: it is no picture that we take, or it takes more than the limits.
            LaterError: there is no process for it now.
        """
        if limits is HEAVY:
            self.check_heavy()
        async with self._places[limits]:
            order = {"do": do, "size": len(data), "limits": asdict(limits), "with": arguments}
            head, picture = await self._exchange(json.dumps(order).encode() + b"\n", data, limits)
        try:
            said = json.loads(head)
            if "refused" in said:
                width, height = int(said["width"]), int(said["height"])
                raise PictureRefusedError(Refusal(said["refused"]), width=width, height=height)
            if "defect" in said:
                log.error("conversion.crashed", error=said["defect"], frames=said["frames"])
                raise PictureRefusedError(Refusal.DAMAGED)
            return answer.validate_python({"data": data if said["same"] else picture} | said)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            # It was ended, or the picture has taken it over.
            if self._server is None or self._server.ended:
                raise later("conversion") from None
            log.warning("conversion.killed", do=do, bytes=len(data))
            raise PictureRefusedError(Refusal.TOO_HEAVY) from None

    async def _exchange(self, order: bytes, data: bytes, limits: Limits) -> tuple[bytes, bytes]:
        """Return what a process says of a picture, and bytes; nothing where it was ended."""
        try:
            async with asyncio.timeout(limits.seconds + STARTS_WITHIN):
                reader, writer = await asyncio.open_unix_connection(sock=self._fork(), limit=CHUNK)
                try:
                    writer.write(order)
                    writer.write(data)
                    await writer.drain()
                    return await reader.readline(), await _rest(reader)
                finally:
                    writer.close()
        except TimeoutError:  # the kernel would have ended the process long before
            log.error("conversion.no_answer")  # noqa: TRY400 - there is no more to say
            self.close()
            raise later("conversion") from None
        except (OSError, ValueError):  # it was ended while it got the picture, or says too much
            return b"", b""

    def _fork(self) -> socket.socket:
        if self._server is not None and self._server.ended:
            log.warning("conversion.server_ended")
            self.close()
        try:
            if self._server is None:
                self._server = _Server()
            return self._server.fork()
        except OSError as error:
            log.error("conversion.process_not_started", error=type(error).__name__)  # noqa: TRY400 - no more is known
            raise later("conversion") from None


async def _rest(reader: asyncio.StreamReader) -> bytes:
    rest = io.BytesIO()
    while chunk := await reader.read(CHUNK):
        rest.write(chunk)
        if rest.tell() > MAX_RESULT_BYTES:
            raise ValueError("no picture is as large")
    return rest.getvalue()
