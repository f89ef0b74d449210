"""Repeats a harmless request to ComfyUI until it succeeds, or until the server must be taken for gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from qwenedit_worker.comfyui.errors import ComfyUIUnavailable
from qwenedit_worker.comfyui.protocol.transport import NotSentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

REFUSED_PATIENCE = 5.0
"""Seconds of refused connections after which the server counts as gone, and its queue with it."""
SILENT_PATIENCE = 30.0
"""Seconds without a reply from a server that takes connections: a loading model can stall its event loop."""


class RequestRetry:
    """Repeats a request after a pause.

    Args:
        pause: seconds between two requests.
        on_gone: called when the server takes no connection. Back within our patience, it must not be judged by what it
            did before.
    """

    def __init__(self, *, pause: float, on_gone: Callable[[], None]) -> None:
        self._pause = pause
        self._on_gone = on_gone

    async def call(self, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request until there is a reply.

        Raises:
            ComfyUIUnavailable: the patience is at its end.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        while True:
            try:
                return await request()
            except ComfyUIUnavailable as error:
                refused = isinstance(error, NotSentError)
                if refused:
                    self._on_gone()
                if clock() - started >= (REFUSED_PATIENCE if refused else SILENT_PATIENCE):
                    raise
                await asyncio.sleep(self._pause)
