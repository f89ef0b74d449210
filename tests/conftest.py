"""Fixtures that every kind of test may use."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
import redis as redis_client
import structlog
import trustme
from hypothesis import HealthCheck, settings

from local_stack import RedisServer
from qwenedit_testkit.clock import Clock
from qwenedit_testkit.forks.launcher import SHARED, forking
from qwenedit_testkit.object_server import Moto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qwenedit_testkit.object_server import ObjectServer

# A busy machine is slow, which says nothing of what is tested.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def pytest_configure(config: pytest.Config) -> None:
    """Have all processes of a run fork from the same servers: importing aiogram takes each of them seconds."""
    gc.disable()  # imports leave no garbage, and looking for some takes two seconds of them
    if SHARED not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="forks-")
        os.environ[SHARED] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_collection_finish() -> None:
    """Look for garbage among what tests leave, and not among modules."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _no_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no `.env`: a developer's own settings must not decide what a test sees."""
    monkeypatch.setenv("ENV_FILE", "")


def logging_as_it_is() -> Callable[[], None]:
    """Return what sets logging back to how it is now."""
    root, hook, config = logging.getLogger(), sys.excepthook, structlog.get_config()
    handlers, level = root.handlers[:], root.level

    def restore() -> None:
        root.handlers[:], sys.excepthook = handlers, hook
        root.setLevel(level)
        structlog.configure(**config)

    return restore


@pytest.fixture(autouse=True)
def _as_found() -> Iterator[None]:
    """Leave logging as it was found: a test that configures it must not speak for the next one."""
    restore = logging_as_it_is()
    yield
    restore()
    logging.captureWarnings(False)


@pytest.fixture(scope="session", autouse=True)
def _forks() -> Iterator[None]:
    """Start the product's programs by fork: a run of the tests starts hundreds."""
    with forking():
        yield


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for the whole run; a test that stops or kills it needs one of its own."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), persistent=False)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server
        runner.run(server.stop())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority that nobody else trusts, and with a certificate by it for a server on loopback."""
    folder, founded = tmp_path_factory.mktemp("tls"), trustme.CA()
    server = founded.issue_cert("127.0.0.1")
    founded.cert_pem.write_to_path(folder / "ca.pem")
    server.private_key_pem.write_to_path(folder / "server.key")
    server.cert_chain_pems[0].write_to_path(folder / "server.pem")
    return folder


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    """One store of objects for the whole run; a test that stops it needs one of its own."""
    server = Moto()
    with asyncio.Runner() as runner:
        runner.run(server.start(timeout=120))
        yield server
        runner.run(server.stop())


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Address of a real Redis with nothing in it."""
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
        client.script_flush()
    return redis_server.url
