"""Floods of messages."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from proofs.neighbours.abusers.base import GENTLY, abuser, together
from proofs.neighbours.harness import ADMIN
from qwenedit_testkit.photos import phone_photo

if TYPE_CHECKING:
    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import Person


@abuser()
async def private_flood(harness: Harness) -> None:
    """Have one person send 200 texts at once."""
    person = await harness.user("Flood")
    await person.flood(200)


@abuser()
async def forwards(harness: Harness) -> None:
    """Have one person forward 100 messages, 20 photos among them, with one gesture."""
    person = await harness.user("Forwarder")
    photos = (person.send(photo=phone_photo(), caption="a photo", forwarded=True) for _ in range(20))
    await together((person.flood(80, forwarded=True), *photos))


@abuser()
async def strangers(harness: Harness) -> None:
    """Have three people who are not in `ALLOWED_USERS` send texts, photos and presses without end."""
    people = [await harness.stranger() for _ in range(3)]
    await together(pester(person) for person in people)


@abuser()
async def banned(harness: Harness) -> None:
    """Have a banned person send texts, photos and presses without end."""
    person = await harness.user("Banned")
    admin = await harness.chats.user(ADMIN)
    await admin.send(f"/ban {person.id}")
    await asyncio.sleep(1)
    await pester(person)


async def pester(person: Person) -> None:
    """Send texts, presses and now and then a photo, until cancelled."""
    for number in itertools.count():
        if number % 50 == 49:  # now and then
            await person.send(photo=phone_photo(), caption="make it snow")
            continue
        (message,) = await person.send(f"let me in {number}")
        await person.press_data(message, "again:0000000000000000")
        await asyncio.sleep(GENTLY)


@abuser()
async def group_flood(harness: Harness) -> None:
    """Have five people call the bot 100 times in one group."""
    people = [await harness.user(f"Player {number}") for number in range(5)]
    group = await harness.chats.group("Playground", *people)
    username = await harness.username()
    await together(_call(person.within(group), username, times=20) for person in people)


@abuser()
async def twenty_groups(harness: Harness) -> None:
    """Have somebody call the bot 30 times in each of 20 groups at once."""
    people = [await harness.user(f"Caller {number}") for number in range(20)]
    groups = [await harness.chats.group(f"Group {person.id}", person) for person in people]
    username = await harness.username()
    pairs = zip(people, groups, strict=True)
    await together(_call(person.within(group), username, times=30) for person, group in pairs)


async def _call(person: Person, username: str, *, times: int) -> None:
    for _ in range(times):
        await person.send(f"/help@{username}")
        await asyncio.sleep(GENTLY)
