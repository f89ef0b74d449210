"""What an operator is told when the question cannot be asked."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from local_stack.processes.ports import HOST, free_port
from qwenedit_jobs.redis.state_layout import claim_state


async def test_missing_redis_is_named_with_what_to_look_at(desk, monkeypatch):
    port = free_port()
    monkeypatch.setenv("REDIS_URL", f"redis://user:hidden@{HOST}:{port}/0")
    said = await desk.ask("status")
    assert said.code == 2
    place = f"trouble QweneditBotDown: Redis at {HOST}:{port}/0 does not answer"
    assert said.err.startswith(f"{place}: it takes no connection. `kubectl -n NAMESPACE get pods,endpointslices -l ")
    assert "hidden" not in said.err


async def test_name_that_is_not_known_is_told_from_a_redis_that_is_down(desk, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://no-such-host.invalid:6379/0")
    told = "does not answer: DNS doesn't know it: .* (name resolution failed for no-such-host.invalid: "
    assert re.search(told.replace("(", r"\("), (await desk.ask("status")).err)


async def test_redis_that_takes_connections_and_does_not_reply_is_told_within_ten_seconds(desk, monkeypatch):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, HOST, 0) as server:
        monkeypatch.setenv("REDIS_URL", f"redis://{HOST}:{server.sockets[0].getsockname()[1]}/0")
        async with asyncio.timeout(10):
            said = await desk.ask("status")
    assert "does not answer: it takes connections and gives no reply in time" in said.err


async def test_user_without_the_right_is_told_where_to_ask(desk, monkeypatch):
    async with desk.limited(monkeypatch, "~qwenedit:*", "+ping", "+info", "+get"):
        said = await desk.ask("pause")
    assert said.code == 2
    assert "this Redis user may not do that" in said.err


async def test_wrong_password_is_told_from_other_errors(desk, monkeypatch):
    async with desk.limited(monkeypatch, "~*", "+@all", password="wrong"):
        said = await desk.ask("status")
    assert said.code == 2
    assert "the user in REDIS_URL, and at REDIS_PASSWORD" in said.err


async def test_key_of_another_program_is_told(desk):
    await desk.redis.set(desk.keys.job_queue, "theirs")
    said = await desk.ask("status")
    assert said.code == 2
    assert "REDIS_PREFIX" in said.err


async def test_forgotten_bot_leaves_its_keys_to_the_next_one(desk):
    assert "No bot is noted" in (await desk.ask("forget-bot")).out
    await claim_state(desk.redis, desk.keys, bot_id=42)
    assert "Bot 42 is forgotten" in (await desk.ask("forget-bot")).out
    await claim_state(desk.redis, desk.keys, bot_id=43)


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "1e9"])
async def test_timeout_of_selftest_has_bounds(desk, seconds):
    said = await desk.ask("selftest", "--timeout", seconds)
    assert said.code == 2
    assert f"argument --timeout: {seconds} is not above 0 and at most 86400" in said.err


async def test_installed_command_line_answers(redis_url):
    command = Path(sys.executable).with_name("qwenedit")
    process = await asyncio.create_subprocess_exec(
        command, "status", env={"REDIS_URL": redis_url}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"0 waiting" in out
