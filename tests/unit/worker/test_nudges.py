from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_worker.redis_link import listen_for_nudges

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class _Redis:
    """Closes the first subscription as Redis does under uvloop; the second one brings a message."""

    def __init__(self) -> None:
        self.subscriptions = 0

    @asynccontextmanager
    async def pubsub(self, **_: Any) -> AsyncIterator[_Redis]:
        self.subscriptions += 1
        yield self

    async def subscribe(self, _channel: str) -> None:
        pass

    async def get_message(self, *, timeout: float) -> dict[str, str]:  # noqa: ASYNC109 - redis-py's name
        if self.subscriptions == 1:
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
        await asyncio.sleep(min(timeout, 0.01))
        return {"data": "a job"}


@pytest.mark.asyncio
async def test_nudges_go_on_after_a_connection_that_was_closed() -> None:
    heard = asyncio.Queue[str]()
    redis: Any = _Redis()
    listening = asyncio.create_task(listen_for_nudges(redis, "nudges", heard.put_nowait))
    hearing = asyncio.create_task(heard.get())
    done, _ = await asyncio.wait([listening, hearing], timeout=5, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    assert done == {hearing}
