"""Converts pictures of users to what workers take, in processes of `qwenedit_decoder`."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from dataclasses import astuple
from typing import TYPE_CHECKING

import structlog
from pydantic import TypeAdapter

from qwenedit_bot.pictures.bound import later
from qwenedit_decoder import headers
from qwenedit_decoder.limits import LIGHT, MAX_BYTES, Normalised, PictureRefusedError, ProcessLimits, Refusal

if TYPE_CHECKING:
    from asyncio.subprocess import Process

COMMAND = (sys.executable, "-I", "-W", "ignore", "-m", "qwenedit_decoder")
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
"""Of a process: nothing of the bot's, which has the token and passwords. A second thread's own arena would take 64 MB
of the addresses that a process may have."""

_NORMALISED = TypeAdapter(Normalised)
"""Checks what a process says: a picture may have taken it over."""

log = structlog.get_logger(__name__)


class Converter:
    """Converts pictures, each in a process of its own that the kernel ends beyond its limits.

    There is one process for light pictures and one for heavy ones, so a picture that takes long delays only others
    that do. A heavy picture waits for another one only if its request has a place among the large files: others, whose
    type and size did not show that they are heavy, are sent away.
    """

    def __init__(self) -> None:
        self._light, self._heavy = asyncio.Semaphore(), asyncio.Semaphore()

    async def normalise(self, data: bytes, *, photo: bool, large: bool = False) -> Normalised:
        """Turn a user's picture into one that every worker can read.

        Telegram re-encodes a `photo`, so there's no metadata in it to remove. If `large`, the picture's request has
        a place among the large files.

        Raises:
            PictureRefusedError: it is no picture that we take, or it takes too much to open.
            LaterError: there is no process for it now.
        """
        header = headers.read_header(data)
        if photo and header is not None and headers.is_as_kept(data, header):
            return Normalised(data, header.width, header.height)
        limits = headers.limits_of(data, header)
        place = self._light if limits is LIGHT else self._heavy
        if place is self._heavy and not large and place.locked():
            raise later("conversion")
        async with place:
            return await _normalised(data, limits)


async def _normalised(data: bytes, limits: ProcessLimits) -> Normalised:
    head, picture = await _exchanged(data, limits)
    try:
        answer = json.loads(head)
        if "refused" in answer:
            width, height = int(answer["width"]), int(answer["height"])
            raise PictureRefusedError(Refusal(answer["refused"]), width=width, height=height)
        if "defect" in answer:
            log.error("conversion.crashed", error=answer["defect"], frames=answer["frames"])
            raise PictureRefusedError(Refusal.DAMAGED)
        return _NORMALISED.validate_python({"data": picture or data} | answer)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # It was ended, or the picture has taken it over.
        log.warning("conversion.killed", bytes=len(data))
        raise PictureRefusedError(Refusal.TOO_HEAVY) from None


async def _exchanged(data: bytes, limits: ProcessLimits) -> tuple[bytes, bytes]:
    """Return what a process says of a picture, and bytes; nothing where it was ended."""
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *map(str, astuple(limits)), stdin=PIPE, stdout=PIPE, env=ENVIRONMENT
        )
    except OSError as error:
        log.error("conversion.process_not_started", error=type(error).__name__)  # noqa: TRY400 - no more is known
        raise later("conversion") from None
    try:
        async with asyncio.timeout(limits.seconds):
            answer = await _said(process, data)
            await process.wait()
            return answer
    except (OSError, ValueError):  # it was ended while it got the picture, takes too long, or says too much
        return b"", b""
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _said(process: Process, data: bytes) -> tuple[bytes, bytes]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("no pipes")
    process.stdin.write(data)
    await process.stdin.drain()
    process.stdin.close()
    head = await process.stdout.readline()
    try:
        await process.stdout.readexactly(MAX_BYTES)
    except asyncio.IncompleteReadError as ended:
        return head, ended.partial
    raise ValueError("no picture is as large")
