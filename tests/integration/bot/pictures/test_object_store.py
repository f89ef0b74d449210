"""A bot whose pictures lie in a bucket that is away for a while: nobody's photo or answer is lost."""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_testkit.photos import photo
from qwenedit_testkit.proxy import Proxy, Toxic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RUNG = "stack"  # the client of the bucket reads the environment


def waits(lanes: str) -> str:
    """Return the pattern of the line by which the bot says that a request or an answer waits for the bucket."""
    return f'(?=.*scheduler.retry)(?=.*PictureStoreUnavailableError).*"lanes": "{lanes}"'


@asynccontextmanager
async def away(proxy: Proxy) -> AsyncIterator[None]:
    proxy.toxic = Toxic.DOWN
    proxy.reset()
    try:
        yield
    finally:
        proxy.toxic = None
        proxy.reset()


@asynccontextmanager
async def stage_with_bucket(performing: Any, redis_url: str, server: Any) -> AsyncIterator[tuple[Any, Proxy, str]]:
    """Have the bot reach the bucket through a proxy, and the worker by hand without."""
    bucket = f"bot-{secrets.token_hex(4)}"
    await server.make_bucket(bucket)
    url = f"s3://{bucket}/here"
    async with Proxy("objects", server.port).running() as proxy:
        settings = {"PICTURES_URL": url, **server.settings(port=proxy.port)}
        async with performing(redis_url, **settings) as stage:
            with patch.dict(os.environ, server.settings()):
                stage.worker.store = open_objects(url)
            yield stage, proxy, bucket


async def test_photo_and_answer_wait_for_the_bucket_and_what_is_forgotten_goes_when_it_answers(
    performing: Any, redis_url: str, object_server: Any
) -> None:
    async with stage_with_bucket(performing, redis_url, object_server) as (stage, proxy, bucket):
        ann, bob = await stage.telegram.user(), await stage.telegram.user()

        async def empty() -> bool:
            return not any("/in/" in name or "/out/" in name for name in await object_server.objects(bucket))

        await bob.send(photo=photo(), caption="make it snow")
        await stage.jobs(1)
        await bob.press("Cancel")
        await stage.eventually(empty)
        async with away(proxy):
            await ann.send(photo=photo(), caption="make it snow")
            await stage.bot.wait_for_line(waits("backlog"))
            await bob.send("/help")
            await bob.says("photo")  # nobody else waits
            assert (await stage.worker.queue.counts()).waiting == 0
        claim = await stage.worker.claim()
        async with away(proxy):
            await stage.worker.finish(claim, photo("PNG"))
            await stage.bot.wait_for_line(waits("answers"))
            assert not (await ann.snapshot()).pictures
        await ann.picture()
        assert await object_server.objects(bucket)
        async with away(proxy):
            await ann.send("/forget")
            await ann.press("Delete everything")
            await ann.says("I've deleted everything")
        await stage.eventually(empty)
