"""A bot whose only way out is a proxy, and what it says of one that does not let it out."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_stack import HOST, SIMULATED_TOKEN, bare_environment, bot, free_port
from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.workers.registry import Workers
from qwenedit_testkit.by_hand.worker import by_hand
from qwenedit_testkit.photos import photo
from qwenedit_testkit.threads import on_a_thread
from qwenedit_testkit.traces.collector import Collector
from qwenedit_testkit.waiting import eventually
from qwenedit_testkit.way_out import WayOut
from telegram_simulator.client import TelegramSimulator
from telegram_simulator.server import Config, running
from telegram_simulator.world.rate_limits import Rates
from tests.integration.bot import test_start as starting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwenedit_testkit.object_server import ObjectServer

TELEGRAM, HOOK, COLLECTOR = "api.telegram.test", "hook.test", "collector.test"
OBJECTS = "localhost.objects.test"
"""Under another name moto takes its first part for the bucket's name."""
PASSWORD = "word-8812"
LOGIN = f"qwenedit:{PASSWORD}"


@pytest.fixture(scope="module")
def founded() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusted(founded: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the certificate of an authority that nobody else trusts."""
    path: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    founded.cert_pem.write_to_path(path)
    return path


@asynccontextmanager
async def hook() -> AsyncIterator[int]:
    """Run a moderation service that allows everything."""

    async def check(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"allow": True})

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/check", check)
    async with TestServer(app) as server:
        yield server.port or 0


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def test_photo_comes_in_and_picture_goes_out_by_the_proxy_alone(
    redis_url: str, object_server: ObjectServer, founded: trustme.CA, trusted: Path
) -> None:
    bucket = f"out-{secrets.token_hex(4)}"
    await object_server.make_bucket(bucket)
    with (
        on_a_thread(lambda: running(Config(port=0, rates=Rates(enabled=False)))) as telegram_url,
        patch.dict(os.environ, object_server.settings()),
    ):
        async with Collector() as collector, hook() as hook_port, by_hand(redis_url) as worker:
            names = {
                TELEGRAM: port_of(telegram_url),
                HOOK: hook_port,
                COLLECTOR: port_of(collector.url),
                OBJECTS: object_server.port,
            }
            store = open_objects(f"s3://{bucket}")
            assert store is not None
            worker.store = store
            async with WayOut(names, founded, LOGIN).running() as proxy, TelegramSimulator(telegram_url) as telegram:
                env = bare_environment(
                    HTTPS_PROXY=proxy.url,
                    SSL_CERT_FILE=str(trusted),
                    MODERATION_URL=f"https://{HOOK}/check",
                    OTEL_EXPORTER_OTLP_ENDPOINT=f"https://{COLLECTOR}",
                    OTEL_EXPORTER_OTLP_CERTIFICATE=str(trusted),
                    PICTURES_URL=f"s3://{bucket}",
                    **object_server.settings() | {"AWS_ENDPOINT_URL": f"https://{OBJECTS}"},
                )
                service = bot(env=env, redis_url=redis_url, token=SIMULATED_TOKEN, telegram_url=f"https://{TELEGRAM}")
                try:
                    await service.start()
                    ann = await telegram.user()
                    await ann.send(photo=photo(), caption="make it snow")
                    await worker.finish_next(photo("PNG"))
                    await ann.picture()
                    await collector.until(bool)
                finally:
                    await service.kill()
                said = "\n".join(service.lines)
                assert set(proxy.asked) == set(names)
                assert PASSWORD not in said
                assert "telegram.unreachable" not in said


@pytest.mark.parametrize(
    ("login", "lets_in", "trusts", "said"),
    [
        (LOGIN, "another:word", True, "the proxy answers 407: check HTTPS_PROXY, with user and password"),
        (LOGIN, LOGIN, False, "certificate is not trusted: name a file .* in SSL_CERT_FILE"),
        (LOGIN, None, True, rf"no connection to {HOST}:\d+: check HTTPS_PROXY"),
    ],
    ids=["another password", "unknown authority", "away"],
)
async def test_bot_says_what_keeps_it_from_telegram_and_no_password(
    redis_url: str, founded: trustme.CA, trusted: Path, login: str, lets_in: str | None, trusts: Any, said: str
) -> None:
    async with WayOut({TELEGRAM: free_port()}, founded, lets_in or "").running() as proxy:
        port = free_port() if lets_in is None else port_of(proxy.url)
        settings = {
            "BOT_TOKEN": starting.TOKEN,
            "REDIS_URL": redis_url,
            "TELEGRAM_API_URL": f"https://{TELEGRAM}",
            "HTTPS_PROXY": f"http://{login}@{HOST}:{port}",
        }
        async with starting.running(**settings, **({"SSL_CERT_FILE": str(trusted)} if trusts else {})) as service:
            await service.wait_for_line(f"telegram.unreachable.*{said}")
            await service.wait_for_line("start.telegram_unavailable.*network")
            assert PASSWORD not in "\n".join(service.lines)
            async with connect(RedisSettings(redis_url=redis_url)) as redis:
                register = Workers(redis, Keys())

                async def told() -> str:
                    troubles = [each for bot in (await register.seen()).bots for each in bot.presence.troubles]
                    return " ".join(each.words for each in troubles)

                words = await eventually(told, within=15)
            assert re.search(said, words)
            assert PASSWORD not in words
