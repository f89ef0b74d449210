"""Results are marked as edited by AI, each way they leave the bot."""

from __future__ import annotations

import io
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from aiogram import Bot
from aiogram.types import User
from PIL import Image
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis.asyncio import Redis

from qwenedit_bot.app.features import make_marks
from qwenedit_bot.app.foundation import Connections, Foundation
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.marks import Marks
from qwenedit_bot.pictures.results import Results
from qwenedit_jobs import Keys, RedisPictureStore, RedisSettings, connect
from qwenedit_jobs.marks import credentials
from qwenedit_jobs.marks.errors import CredentialsError
from qwenedit_jobs.marks.manifest import Signer, manifest_of
from qwenedit_jobs.marks.xmp import EDITED_BY_AI, source_type
from qwenedit_testkit.signing import write_credentials

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ANN = 1


def encoded(size: tuple[int, int], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def memory() -> Budget:
    return Budget("memory", 100 * 1024 * 1024)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisPictureStore]:
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as raw:
        yield RedisPictureStore(raw, Keys(), ttl=60)


@pytest.fixture
async def converter() -> AsyncIterator[Converter]:
    async with aclosing(Converter()) as converter:
        yield converter


@pytest.mark.parametrize("visible", [False, True])
async def test_result_is_marked_each_way_it_leaves(
    store: RedisPictureStore, converter: Converter, memory: Budget, visible: bool
) -> None:
    counted = list[tuple[str, bool]]()
    marks = Marks(version="1.2.3", visible=visible, count=lambda mark, made: counted.append((mark, made)))
    results = Results(store, converter, memory, marks)
    for data in (encoded((640, 480)), encoded((10_100, 600))):
        await store.put("r", data)
        async with results.read("r", owner=ANN) as read:
            shown = [read.original, read.photo or b""]
        async with results.original("r", owner=ANN) as file:
            shown.append(file)
        for each in shown:
            assert source_type(each) == EDITED_BY_AI
            with Image.open(io.BytesIO(each)) as image:
                dark, bright = image.convert("L").getextrema()
            assert (dark == bright == 0) is not visible
    assert all(made for _mark, made in counted)
    assert memory.used == 0


async def test_result_that_cannot_be_marked_is_answered_and_counted(
    store: RedisPictureStore, converter: Converter, memory: Budget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = list[tuple[str, bool]]()
    files = write_credentials(tmp_path)
    signer = Signer(credentials.load(files.certificate, files.key), version="1.2.3")
    marks = Marks(version="1.2.3", signer=signer, count=lambda mark, made: counted.append((mark, made)))
    results = Results(store, converter, memory, marks)
    await store.put("r", encoded((64, 48)))
    async with results.original("r", owner=ANN) as signed:
        assert manifest_of(signed) is not None
    monkeypatch.setattr(Signer, "sign", lambda _signer, _data: 1 / 0)
    async with results.original("r", owner=ANN) as unsigned:
        assert source_type(unsigned) == EDITED_BY_AI
        assert manifest_of(unsigned) is None
    await store.put("r", encoded((64, 48), "WEBP"))
    async with results.original("r", owner=ANN) as unmarked:
        assert unmarked == await store.get("r")
    assert counted == [("xmp", True), ("c2pa", True), ("xmp", True), ("c2pa", False), ("xmp", False)]


async def test_certificate_of_the_operators_settings_signs_results(tmp_path: Path) -> None:
    files = write_credentials(tmp_path)
    settings = BotSettings(
        bot_token=SecretStr("42:TEST"), c2pa_certificate_file=files.certificate, c2pa_key_file=files.key
    )
    redis: Redis = Redis()  # which is never spoken to
    keys, registry = BotKeys(prefix="qwenedit", bot_id=42), CollectorRegistry()
    base = Foundation(
        settings=settings, connections=Connections(redis, redis, redis), keys=keys, bot=Bot("42:TEST"),
        me=User(id=42, is_bot=True, first_name="Editor"), limiter=SharedLimiter(redis, keys),
        metrics=BotMetrics(registry),
    )  # fmt: skip
    found = manifest_of(await make_marks(base).mark(encoded((64, 48))))
    assert found is not None
    assert found.valid
    for kind in ("xmp", "c2pa"):
        assert registry.get_sample_value("qwenedit_marks_total", {"kind": kind, "outcome": "made"}) == 1
    files.key.write_bytes(b"another")
    with pytest.raises(CredentialsError):
        make_marks(base)
