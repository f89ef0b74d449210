"""Starts, feeds and ends a child process that converts pictures."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from qwenedit_decoder import child
from qwenedit_decoder.decoding import PictureRefusedError, Refusal, TooHeavyError

if TYPE_CHECKING:
    from asyncio.subprocess import Process

CHUNK = 256 * 1024
"""Bytes that are written or read at once, so that no pipe holds a copy of a picture."""
STARTS_WITHIN = 20.0
"""Seconds for a process to be there, on a machine that is busy."""
IDLE = 60.0
"""Seconds without work after which a process is ended: it takes 20 MB."""
KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG")
"""What a process gets of the bot's environment, which has the token and passwords."""
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""A second thread's own arena would take 64 MB of the addresses that a process may have."""

log = structlog.get_logger(__name__)


class DecoderDiedError(Exception):
    """A process ended, or was ended for its time, while it had a picture."""


class DecoderNotStartedError(Exception):
    """The system has no process for us now."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may take."""

    cpu: int
    """Seconds, of which the kernel counts whole ones: up to one more."""
    memory: int
    """Bytes beside what the process has at its start."""
    seconds: float
    """By the clock: a busy machine gives a process part of a CPU."""
    light: bool
    """Take only what is done in a moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process made of a picture."""

    picture: bytes | None
    about: dict[str, Any]


class DecoderProcess:
    """Converts one picture at a time, in a process that is started when it is needed and replaced when it dies.

    Args:
        limits: Of each picture.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: Process | None = None
        self._lock = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def ask(self, what: bytes, data: bytes) -> Answer:
        """Have a picture converted, after those of the callers before.

        Raises:
            PictureRefusedError: it is none that we take.
            TooHeavyError: it is too much for this process' limits, which did not end it.
            DecoderDiedError: it took more than the limits.
            DecoderNotStartedError: there is no process.
        """
        async with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            process = await self._started()
            try:
                async with asyncio.timeout(self._limits.seconds):
                    await _send(process, what, data)
                    answer = await _receive(process, data)
            except (TimeoutError, EOFError, OSError) as error:
                code = await self.close()
                log.warning("conversion.killed", code=code, bytes=len(data), error=type(error).__name__)
                raise DecoderDiedError from None
            except asyncio.CancelledError:
                await self.close()  # its answer would be taken for the next one's
                raise
            finally:
                self._idle = asyncio.get_running_loop().call_later(IDLE, self._kill)
        return answer

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    async def close(self) -> int | None:
        """End the process; returns its exit code."""
        process = self._process
        self._kill()
        return None if process is None else await process.wait()

    def _kill(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            try:
                async with asyncio.timeout(STARTS_WITHIN):
                    self._process = await self._start()
                    await _receive(self._process, b"")
            except (TimeoutError, EOFError, OSError) as error:
                await self.close()
                log.error("conversion.process_not_started", error=type(error).__name__)  # noqa: TRY400 - no more is known
                raise DecoderNotStartedError from error
        return self._process

    async def _start(self) -> Process:
        limits = self._limits
        arguments = (str(limits.cpu), str(limits.memory), "light" if limits.light else "heavy")
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "qwenedit_decoder", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=CHUNK,
            env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ} | ONE_ARENA,
            start_new_session=True,
        )


async def _send(process: Process, what: bytes, data: bytes) -> None:
    pipe = process.stdin
    if pipe is None:
        raise BrokenPipeError
    pipe.write(child.ORDER.pack(what, len(data)))
    view = memoryview(data)
    for start in range(0, len(data), CHUNK):
        pipe.write(view[start : start + CHUNK])
        await pipe.drain()


async def _receive(process: Process, data: bytes) -> Answer:
    pipe = process.stdout
    if pipe is None:
        raise BrokenPipeError
    outcome, said, size = child.ANSWER.unpack(await pipe.readexactly(child.ANSWER.size))
    about = json.loads(await pipe.readexactly(said))
    picture = io.BytesIO()
    while size:
        chunk = await pipe.read(min(size, CHUNK))
        if not chunk:
            raise EOFError
        picture.write(chunk)
        size -= len(chunk)
    if outcome == child.REFUSED:
        raise PictureRefusedError(Refusal(about["why"]), width=about["width"], height=about["height"])
    if outcome == child.TOO_HEAVY:
        raise TooHeavyError
    if outcome == child.DEFECT:
        log.error("conversion.crashed", **about)
        raise PictureRefusedError(Refusal.DAMAGED)
    return Answer(data if outcome == child.SAME else picture.getvalue() or None, about)
