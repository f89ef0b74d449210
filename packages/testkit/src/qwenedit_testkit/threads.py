"""Serves something for as long as a context is open, on an event loop of its own in a thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager

T = TypeVar("T")


@contextmanager
def on_a_thread(serving: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Enter an asynchronous context on another thread, and leave it at the end.

    A simulator that's served so costs no start of a process, and outlives the event loops of single tests.

    Args:
        serving: Makes the context.

    Raises:
        Exception: what the context raises when it's entered or left.
    """
    entered: concurrent.futures.Future[tuple[T, asyncio.AbstractEventLoop, asyncio.Event]] = concurrent.futures.Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with serving() as served:
            entered.set_result((served, asyncio.get_running_loop(), stop))
            await stop.wait()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        ended = pool.submit(lambda: asyncio.run(serve()))
        ended.add_done_callback(lambda _ended: entered.cancel())
        try:
            served, loop, stop = entered.result()
        except concurrent.futures.CancelledError:
            ended.result()
            raise
        try:
            yield served
        finally:
            loop.call_soon_threadsafe(stop.set)
            ended.result()
