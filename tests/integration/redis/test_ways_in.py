"""Passwords and TLS, as an operator sets them: a whole job goes its way, and who is not trusted gets nowhere."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from redis.exceptions import ConnectionError as RedisConnectionError

from local_stack.processes.errors import PartDiedError
from local_stack.processes.ports import HOST
from local_stack.processes.ready import by_line
from qwenedit_jobs import Done, Events, Lease, RedisPictureStore, Result, Settled, event_of
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.job_queue import JobQueue
from tests.integration.redis.conftest import KEYS, MANY, Server, job


async def a_job_goes_its_way(clients, **settings):
    """Use every kind of client and command that the services have: scripts, blocking ones, streams, bytes."""
    redis, blocking = await clients(**settings), await clients(waits=True, **settings)
    pictures = RedisPictureStore(await clients(decode=False, **settings), KEYS, ttl=60)
    lanes = Lanes(redis, KEYS.answers, name="bot")
    queue, events = JobQueue(redis, KEYS, waiter=blocking), Events(blocking, KEYS, lanes)
    await pictures.put("a:in:0", b"\x89PNG")
    await queue.enqueue(job(), MANY)
    claim = await queue.claim(worker="w", token="t", lease=30, wait=1.0)
    assert claim is not None
    assert claim.job == job()
    assert await pictures.get("a:in:0") == b"\x89PNG"
    assert await queue.heartbeat(claim.job.id, "t", lease=30) is Lease.HELD
    assert await queue.settle(claim.job.id, "t", Done(Result(picture="a", seed=1, seconds=1))) is Settled.DONE
    assert await events.wait(1.0)
    await events.drain()
    [row], _wait = await lanes.next(1)
    assert event_of(row).job_id == job().id
    await lanes.done(row)


@pytest.fixture
async def guarded(tmp_path, running):
    server = Server(tmp_path / "redis", ready=by_line("Ready to accept connections"))
    server.command = (*server.command, "--port", str(server.port), "--requirepass", "pass word #1")
    await running(server)
    return server


@pytest.mark.parametrize("where", ["beside the URL", "in the URL"])
async def test_job_goes_its_way_past_a_password(guarded, clients, where):
    if where == "in the URL":
        await a_job_goes_its_way(clients, redis_url=f"redis://:pass%20word%20%231@{HOST}:{guarded.port}/0")
    else:
        await a_job_goes_its_way(
            clients, redis_url=f"redis://{HOST}:{guarded.port}/0", redis_password=SecretStr("pass word #1")
        )


# ---------------------------------------------------------------- TLS


@pytest.fixture
async def encrypted(tmp_path, running, authority):
    server = Server(tmp_path / "redis", ready=by_line("Ready to accept connections"))
    server.command = (
        *server.command,
        "--port",
        "0",
        "--tls-port",
        str(server.port),
        "--tls-auth-clients",
        "no",
        "--tls-cert-file",
        str(authority / "server.pem"),
        "--tls-key-file",
        str(authority / "server.key"),
        "--tls-ca-cert-file",
        str(authority / "ca.pem"),
    )
    try:
        await running(server)
    except PartDiedError as error:
        if "tls" in str(error).lower():
            pytest.skip("this server is built without TLS")
        raise
    return server


@pytest.mark.parametrize("trust", ["in the URL", "in SSL_CERT_FILE"])
async def test_job_goes_its_way_over_tls(encrypted, authority, clients, trust, monkeypatch):
    url = f"rediss://{HOST}:{encrypted.port}/0"
    if trust == "in the URL":
        await a_job_goes_its_way(clients, redis_url=f"{url}?ssl_ca_certs={authority / 'ca.pem'}")
    else:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
        await a_job_goes_its_way(clients, redis_url=url)


async def test_server_whose_authority_is_unknown_is_told_nothing(encrypted, clients):
    redis = await clients(redis_url=f"rediss://{HOST}:{encrypted.port}/0")
    with pytest.raises(RedisConnectionError, match="certificate verify failed"):
        await JobQueue(redis, KEYS).enqueue(job(), MANY)
