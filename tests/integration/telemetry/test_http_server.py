"""What a stranger can hold of an HTTP server of ours: sockets that speak as they like."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from qwenedit_telemetry import HttpServer, ProbeServer, make_registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Knock = Callable[..., Awaitable[asyncio.StreamReader]]

HALF = b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Half: "
HUGE = 64 << 20


@pytest.fixture
async def knock() -> AsyncIterator[Knock]:
    """Opens connections that say something, and closes them at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def knock(port: int, said: bytes = HALF) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(said)
        return reader

    yield knock
    for writer in writers:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_every_address_is_that_of_both_families(address):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    checks = {"host": "::", "port": port, "registry": make_registry(service="bot", version="1"), "checks": {}}
    async with ProbeServer(**checks) as server, aiohttp.ClientSession() as client:
        assert server.url == f"http://[::]:{port}"
        host = f"[{address}]" if ":" in address else address
        assert (await client.get(f"http://{host}:{port}/livez")).status == 200


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """Read until the server has closed the connection; returns what it said."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            said += part
    return said


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def huge(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * HUGE)


@pytest.fixture
def app() -> web.Application:
    app = web.Application()
    app.router.add_post("/", echo)
    app.router.add_get("/huge", huge)
    return app


@pytest.mark.parametrize(
    "said",
    [b"", HALF, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"],
    ids=["nothing", "half a header", "half a body"],
)
async def test_request_that_never_arrives_ends_its_connection(app, knock, said):
    async with HttpServer(app, host="127.0.0.1", port=0, connections=8, shutdown=1, lifetime=0.1) as server:
        reader = await knock(server.port, said)
        async with asyncio.timeout(30):
            assert await until_closed(reader) == b""


async def test_connection_carries_one_request(app, knock):
    async with HttpServer(app, host="127.0.0.1", port=0, connections=8, shutdown=1) as server:
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        reader = await knock(server.port, request + request)
        said = await until_closed(reader)
    assert said.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in said


async def test_bodies_are_not_decompressed(app):
    packed = gzip.compress(b"0" * 1_000_000)
    async with (
        HttpServer(app, host="127.0.0.1", port=0, connections=8, shutdown=1) as server,
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{server.port}/", data=packed, headers={"Content-Encoding": "gzip"}) as answer,
    ):
        assert await answer.read() == packed


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a client that speaks TLS\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: x\r\n" % number for number in range(1000)) + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["TLS", "long line", "long header", "many headers", "no length"],
)
async def test_request_that_is_no_http_is_not_logged(app, knock, caplog, said):
    async with HttpServer(app, host="127.0.0.1", port=0, connections=8, shutdown=1) as server:
        reader = await knock(server.port, said)
        async with asyncio.timeout(30):
            answer = await until_closed(reader)
        assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400")) or not answer  # reset while we were still sending
    assert not caplog.records
