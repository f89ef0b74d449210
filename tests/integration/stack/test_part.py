"""Parts as processes: what a test or `make run` may rely on."""

from __future__ import annotations

import asyncio
import signal
import sys

from local_stack import Part, RedisServer, bare_environment, by_line

TERM = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: {})
print("ready", flush=True)
while True:
    signal.pause()
"""
DRAINS = TERM.format("(print('drained', flush=True), sys.exit(0))")
STUBBORN = TERM.format("print('no', flush=True)")


def python(code: str, **options) -> Part:
    options.setdefault("env", bare_environment())
    return Part("python", (sys.executable, "-c", code), ready=by_line("ready"), **options)


async def test_part_is_ready_when_it_says_so_and_ends_when_asked():
    part = python(DRAINS)
    await part.start()
    assert part.running
    assert await part.stop() == 0
    assert not part.running
    assert part.lines == ["ready", "drained"]


async def test_part_that_does_not_stop_is_asked_twice_and_then_killed(monkeypatch):
    monkeypatch.setattr("local_stack.processes.part.INSIST_TIMEOUT", 0.2)
    part = python(STUBBORN)
    await part.start()
    sent, send = [], part.signal

    def note(number):
        sent.append(number)
        send(number)

    monkeypatch.setattr(part, "signal", note)
    assert await part.stop(timeout=0.2) == -signal.SIGKILL
    assert sent == [signal.SIGTERM, signal.SIGTERM, signal.SIGKILL]


async def test_redis_keeps_port_and_data_over_a_stop_and_over_a_kill(tmp_path):
    redis = RedisServer(tmp_path / "redis")
    await redis.start()
    url = redis.url
    assert await command(redis, "SET a 1") == "+OK"
    await redis.stop()
    await redis.start()
    assert await command(redis, "SET b 2") == "+OK"
    await asyncio.sleep(1.1)  # `appendfsync everysec`: what production promises
    await redis.kill()
    await redis.start()
    assert redis.url == url
    assert await command(redis, "EXISTS a b") == ":2"
    assert await redis.stop() == 0


async def command(redis: RedisServer, words: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", redis.port)
    writer.write(f"{words}\r\n".encode())
    reply = await reader.readuntil(b"\r\n")
    writer.close()
    await writer.wait_closed()
    return reply.decode().strip()
