"""Chats in which Telegram refuses what the bot says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proofs.neighbours.abusers.base import abuser, together
from qwenedit_testkit.photos import phone_photo

if TYPE_CHECKING:
    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import Person

AN_HOUR = 3600
SPOKEN = (
    "sendMessage",
    "sendPhoto",
    "sendDocument",
    "sendChatAction",
    "editMessageText",
    "editMessageMedia",
    "editMessageReplyMarkup",
    "deleteMessage",
)
"""Methods that are about a chat; fetching a file is not."""


@abuser()
async def retry_after(harness: Harness) -> None:
    """Get 429 with `retry_after: 3600` in one group and of 5 s in five others, with jobs pending in each."""
    username = await harness.username()
    for number in range(6):
        person = await harness.user(f"Group {number}")
        there = person.within(await harness.chats.group(f"Fast {number}", person))
        retry_after = AN_HOUR if number == 0 else 5
        for method in SPOKEN:
            await harness.chats.fault(method, "429", times=None, retry_after=retry_after, chat_id=there.chat_id)
        await ask(there, username, times=3)


@abuser()
async def migrated(harness: Harness) -> None:
    """Turn 20 groups into supergroups while jobs are pending in them."""
    username = await harness.username()
    await together(_migrate(harness, username, number) for number in range(20))


async def _migrate(harness: Harness, username: str, number: int) -> None:
    person = await harness.user(f"Founder {number}")
    group = await harness.chats.group(f"Old {number}", person, kind="group")
    await begin(person.within(group), username)
    await group.migrate()


@abuser()
async def forbidden(harness: Harness) -> None:
    """Have 24 groups with pending jobs refuse the bot: CHAT_RESTRICTED, a closed topic, no rights, kicked."""
    username = await harness.username()
    await together(_forbid(harness, username, number) for number in range(24))


async def _forbid(harness: Harness, username: str, number: int) -> None:
    person = await harness.user(f"Host {number}")
    group = await harness.chats.group(f"Closed {number}", person)
    await begin(person.within(group), username)
    match number % 4:
        case 0:
            await group.refuse(description="CHAT_RESTRICTED")
        case 1:
            await group.close_topic()
        case 2:
            await group.forbid_everything()
        case _:
            await group.kick_bot()


@abuser()
async def blocker(harness: Harness) -> None:
    """Have five people send a photo, block the bot, and unblock it again, over and over."""
    people = [await harness.user(f"Blocker {number}") for number in range(5)]
    await together(_change_mind(person) for person in people)


async def _change_mind(person: Person) -> None:
    while True:
        await person.send(photo=phone_photo(), caption="make it snow")
        await person.block()
        try:
            await asyncio.sleep(1.5)
        finally:
            await person.unblock()
        await asyncio.sleep(1.5)


async def ask(person: Person, username: str, *, times: int) -> None:
    """Ask for jobs in a group."""
    for _ in range(times):
        await person.send(photo=phone_photo(), caption=f"@{username} make it snow")


async def begin(person: Person, username: str) -> None:
    """Ask for a job in a group, and wait until the bot has said something."""
    await ask(person, username, times=1)
    await person.wait_for(lambda chat: chat.from_bot)
