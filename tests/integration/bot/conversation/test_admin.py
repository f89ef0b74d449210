"""What admins command, and that nobody else learns of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import pytest_asyncio

from qwenedit_testkit.photos import photo

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("within_a_day")]

ADMIN = 900_001
SETTINGS = {"ADMINS": str(ADMIN), "JOBS_PER_DAY": "1"}
COMMANDS = ("pause", "resume", "ban 1", "unban 1", "grant 1 1")


@pytest_asyncio.fixture(loop_scope="module")
async def admin(stage: Any) -> Any:
    return await stage.telegram.user(ADMIN)


async def test_admin_commands_of_others_are_answered_like_any_unknown_command(stage: Any, ann: Any) -> None:
    for command in ("nonsense", *COMMANDS):
        await ann.send(f"/{command}")
    await ann.send("/help")
    await ann.says("What works well")
    answers = (await ann.snapshot()).from_bot[:-1]
    assert all(each.text.startswith("I don't know this command") for each in answers)
    assert not (await stage.worker.queue.counts()).paused


async def test_admin_command_that_is_forwarded_is_not_executed(stage: Any, admin: Any, ann: Any) -> None:
    await admin.send(f"/ban {ann.id}", forwarded=True)
    await admin.send("/pause", forwarded=True)
    await ann.send("/help")
    await ann.says("What works well")
    assert not (await stage.worker.queue.counts()).paused


async def test_pause_holds_jobs_back_until_it_is_ended(stage: Any, admin: Any) -> None:
    await admin.send("/pause")
    await admin.says("Queue paused")
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    await stage.jobs(1)
    assert await stage.worker.queue.claim(worker="w", token="t", lease=30) is None
    await admin.send("/resume")
    await admin.says("goes on; 1 waiting")
    await stage.worker.finish_next(photo("PNG"))
    await ann.picture()
    told = [json.loads(line) for line in stage.bot.lines if '"admin.' in line]
    assert {(entry["event"], entry["admin"]) for entry in told} >= {("admin.paused", ADMIN), ("admin.resumed", ADMIN)}


async def test_banned_user_loses_what_waits_and_may_not_ask_until_unbanned(admin: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await admin.send(f"/ban {ann.id}")
    await admin.says(f"User {ann.id} is banned")
    await ann.says("Cancelled")
    await ann.send("/help")
    await ann.says("has blocked you")
    await admin.send(f"/unban {ann.id}")
    await admin.says("isn't banned any more")
    await ann.send("/help")
    await ann.says("What works well")
    await admin.send(f"/ban {ADMIN}")
    await admin.says("You can't ban an admin")


async def test_grant_lets_a_user_ask_for_more_than_the_days_number(stage: Any, admin: Any, ann: Any) -> None:
    await admin.send(f"/grant {ann.id} 1")
    await admin.says(f"User {ann.id} has 1 more job")
    for number in (1, 2):
        await ann.send(photo=photo(), caption="make it snow")
        await stage.worker.finish_next(photo("PNG"))
        await ann.picture(number=number)
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("You have used your picture for today")


@pytest.mark.parametrize("command", ["/ban", "/ban ann", "/grant 5", "/grant 5 0"])
async def test_command_without_arguments_shows_its_usage(stage: Any, admin: Any, command: str) -> None:
    await admin.send(command)
    await admin.says(f"Like this: {command.split(maxsplit=1)[0]}")
