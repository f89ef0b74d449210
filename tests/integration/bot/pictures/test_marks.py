"""Results are marked as edited by AI, each way they leave the bot."""

from __future__ import annotations

import io
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.results import Results
from qwenedit_decoder.xmp import EDITED_BY_AI
from qwenedit_jobs import Keys, RedisPictureStore, RedisSettings, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANN = 1


def encoded(size: tuple[int, int], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisPictureStore]:
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as raw:
        yield RedisPictureStore(raw, Keys(), ttl=60)


@pytest.fixture
async def results(store: RedisPictureStore) -> AsyncIterator[Results]:
    async with aclosing(Converter()) as converter:
        yield Results(store, converter, Budget("memory", 100 * 1024 * 1024), version="1.2.3")


@pytest.mark.parametrize("size", [(640, 480), (10_100, 600)])
async def test_result_is_marked_each_way_it_leaves(
    store: RedisPictureStore, results: Results, size: tuple[int, int]
) -> None:
    await store.put("r", encoded(size))
    async with results.read("r", owner=ANN) as read, results.original("r", owner=ANN) as file:
        for shown in (read.original, read.photo or b"", file):
            assert EDITED_BY_AI.encode() in shown
            with Image.open(io.BytesIO(shown)) as image:
                assert not image.getbbox()


async def test_result_that_cannot_be_marked_is_answered(store: RedisPictureStore, results: Results) -> None:
    await store.put("r", encoded((64, 48), "WEBP"))
    async with results.original("r", owner=ANN) as unmarked:
        assert unmarked == await store.get("r")
