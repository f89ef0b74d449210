"""What a user sees, and what is left, where pictures lie in a store of objects."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from qwenedit_testkit.system import FAST, System
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_testkit.object_server import ObjectServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Installation(System):
    """A bot and a worker with a bucket."""

    def __init__(self, folder, server: ObjectServer) -> None:
        self.server, self.bucket = server, f"pictures-{secrets.token_hex(4)}"
        self.address = {"PICTURES_URL": f"s3://{self.bucket}/qwenedit", **server.settings()}
        super().__init__(folder, env={**FAST, **self.address})

    async def objects(self) -> set[str]:
        return await self.server.objects(self.bucket) - {"qwenedit/check"}

    async def results(self) -> int:
        """Return how many results are in the bucket. Photos go when their job ends."""
        return len([name for name in await self.objects() if "/out/" in name])

    async def emptied(self) -> None:
        async def empty() -> bool:
            return not await self.objects()

        await eventually(empty, within=30)

    async def in_redis(self) -> list[str]:
        """Return the keys of pictures in Redis."""
        return [key async for key in self.client.scan_iter("qwenedit:picture:*")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(tmp_path_factory, object_server) -> AsyncIterator[Installation]:
    async with Installation(tmp_path_factory.mktemp("objects"), object_server) as installation:
        await object_server.make_bucket(installation.bucket)
        await installation.start(installation.bot(), installation.worker())
        await installation.emptied()  # of what they tried it with
        yield installation
        for part in installation.parts:
            print(f"--- {part.name}", *part.lines[-60:], sep="\n")  # noqa: T201 - pytest shows it where the test failed


async def test_photo_comes_back_edited_and_nothing_of_it_is_left_after_a_forget(installation, photo):
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make a negative of it")
    answer = await ann.picture()
    assert answer.text == "✨ “make a negative of it”"
    assert await installation.in_redis() == []
    assert await installation.results() == 1
    await ann.send("/forget")
    await ann.press("Delete everything")
    await ann.says("Done: I've deleted everything")
    assert await installation.objects() == set()
    await installation.chats.download(answer.now.photo)


async def test_pictures_of_a_cancelled_job_leave_the_bucket_within_seconds(installation, photo):
    await installation.controls[0].fault("hang", at_step=1, times=1)
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make it snow")
    await ann.says("Editing")
    assert len(await installation.objects()) == 1
    await ann.press("Cancel")
    await ann.says("Cancelled.")
    await installation.controls[0].clear()
    await installation.emptied()
