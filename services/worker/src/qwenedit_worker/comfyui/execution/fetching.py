"""Fetches an execution's result from the server. A fetch may be repeated, and costs no second on the GPU."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_worker.comfyui.errors import ComfyUIError, ComfyUIUnavailable, ResultUnusable
from qwenedit_worker.comfyui.execution.exchange import PictureGoneError
from qwenedit_worker.comfyui.execution.png import NotPngError
from qwenedit_worker.comfyui.protocol.transport import MAX_PICTURE, NotSentError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_worker.comfyui.execution.exchange import Exchange
    from qwenedit_worker.comfyui.protocol.history import OutputFile

log = structlog.get_logger(__name__)

FETCHES = 5
"""Times that the server is asked for the same result. With each one silent that is half a minute, which a server whose
event loop stalls, because it loads a model for the next prompt, needs as well."""
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 2.0
"""Seconds between two of them; doubled each time."""
PATIENCE = 30.0
"""Seconds after which no further fetch begins. A restarted server still has its results."""


class Fetcher:
    """Fetches one execution's result.

    Args:
        exchange: the way of pictures from the server.
        on_gone: called when the server takes no connection.
    """

    def __init__(self, exchange: Exchange, *, on_gone: Callable[[], None]) -> None:
        self._exchange = exchange
        self._on_gone = on_gone
        self._produced: OutputFile | None = None
        self._looking: asyncio.Task[bytes | None] | None = None

    def look(self, file: OutputFile) -> None:
        """Read a file that is likely the result, where no request is needed for it; later ones are ignored."""
        if self._looking is None:
            self._produced = file
            self._looking = asyncio.create_task(self._exchange.look(file), name="look")

    def close(self) -> None:
        """Stop reading."""
        if self._looking is not None:
            self._looking.cancel()

    async def fetch(self, file: OutputFile) -> bytes:
        """Fetch the result, again and again while that may help. The attempt's budget bounds it as well.

        Raises:
            ResultUnusable: it is no PNG, or too large.
            ComfyUIUnavailable: it did not arrive whole. The attempt counts: the server has done its work.
        """
        if self._looking is not None and file == self._produced and (found := await self._looking) is not None:
            return found
        clock = asyncio.get_running_loop().time
        started, pause, fetches = clock(), FIRST_PAUSE, 0
        while True:
            try:
                return await self._exchange.get(file)
            except (ComfyUIUnavailable, NotPngError) as error:
                if isinstance(error, NotSentError):
                    self._on_gone()
                else:
                    fetches += 1
                if _lasting(error) or fetches >= FETCHES or clock() - started >= PATIENCE:
                    raise _given_up(file, error) from error
                log.info("comfyui.fetching_again", file=file.filename, error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _lasting(error: Exception) -> bool:
    """Whether the next fetch would end alike: the server has sent all of what it has, or has nothing."""
    match error:
        case TooLargeError() | PictureGoneError():
            return True
        case NotPngError(format=str()):
            return True
        case _:
            return False


def _given_up(file: OutputFile, error: Exception) -> ComfyUIError:
    match error:
        case TooLargeError() | NotPngError():
            log.error(
                "comfyui.result_unusable",
                file=file.filename,
                error=str(error),
                remedy=f"let the workflow end in SaveImage, whose result is a PNG, of up to {MAX_PICTURE} bytes",
            )
            return ResultUnusable(f"the result {file.filename} is unusable: {error}")
        case _:
            return ComfyUIUnavailable(f"the result {file.filename} cannot be fetched: {error}", submitted=True)
