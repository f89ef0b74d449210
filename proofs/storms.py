"""Has Telegram fail at every method that the bot calls, in every way: each job is answered once.

Real: the bot as a process, Redis, HTTP. Simulated: Telegram, its people and its failures, and workers that only
pretend to edit. Which methods the bot uses is read from its code. A method that no failure has met is a failure of
this script.

In each round the next calls of every method fail in one way while people use the whole bot. They send photos, fetch
results as files, delete the job's message, buy a pack and are given their Stars back. Then calls of all methods get
429s, as when the token is too fast. Each photo is to come back as one picture in one message.

Where Telegram did as asked and its reply was lost, the bot asks again. A text or a file may then come twice, and is
counted. A job's picture may not.
"""

from __future__ import annotations

import ast
import asyncio
import re
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

import aiogram.methods
from aiogram.methods import TelegramMethod

from proofs._frame import prove
from qwenedit_testkit.by_hand.worker import pretending
from qwenedit_testkit.photos import SMALL, photo
from qwenedit_testkit.system import around_bots, webhook
from qwenedit_testkit.telegram_calls import CallRecord, answer_to, most_edits
from telegram_simulator.client import NeverHappenedError, RefusedError

if TYPE_CHECKING:
    import argparse
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from qwenedit_testkit.system import System
    from telegram_simulator.client import Chat, Person

KINDS = ("429", "500", "502", "timeout", "drop", "cut")
FILE = "file"
"""Stands for the download of a file, in the simulator's failures too."""
AT_START = ("getMe", "setMyCommands", "setChatMenuButton", "deleteWebhook", "getWebhookInfo", "setWebhook")
"""Called at a start only, which each round therefore has."""
ADMIN, STARS = 900_001, 50
SHOP = {"JOBS_PER_DAY": "1000", "STAR_PACKS": f"2:{STARS}", "PAY_SUPPORT": "@owner", "ADMINS": str(ADMIN)}
PATIENCE = 150.0
"""Seconds until a job counts as not answered."""
MOST_EDITS = 15


@dataclass(slots=True)
class Figures:
    """What came of it."""

    jobs: int = 0
    payments: int = 0
    thanked: int = 0
    """Messages that thanked the buyer, those of lost replies included."""
    unanswered: int = 0
    """Photos whose picture has not come, and payments that came to nothing."""
    twice: int = 0
    """Photos whose picture came in two messages."""
    beside: int = 0
    """Messages of the bot that came twice, since the first one's reply was lost."""
    missed: list[str] = field(default_factory=list)
    """Methods, with the kinds of failure that did not meet them."""
    edits: int = 0
    """Most in a chat in a minute."""

    @property
    def broken(self) -> list[str]:
        """Say what is not as it should be, in a line each."""
        found = {
            f"{self.unanswered} photos or payments came to nothing": self.unanswered,
            f"{self.twice} pictures came in two messages": self.twice,
            f"no failure met {', '.join(self.missed)}": self.missed,
            f"{self.edits} edits in a chat in a minute, more than {MOST_EDITS}": self.edits > MOST_EDITS,
        }
        return [what for what, is_so in found.items() if is_so]


AFTER_A_STANDSTILL = {"deleteMessage"}
"""Methods that are called only after a replica has stood still; nothing depends on what comes of them."""


def methods_used() -> set[str]:
    """Return the methods of the Bot API that the bot's code calls, and `file` where it downloads."""
    nodes = [node for path in _modules(files("qwenedit_bot")) for node in ast.walk(ast.parse(path.read_text()))]
    called = {
        re.sub(r"_(\w)", lambda found: found[1].upper(), node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and _is_bot(node.value)
    }
    imported = {
        name.name[0].lower() + name.name[1:]
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "aiogram.methods"
        for name in node.names
    }
    return (called | imported) & _METHODS - AFTER_A_STANDSTILL | {"getMe", "getUpdates", FILE}


_METHODS = {
    name[0].lower() + name[1:]
    for name, method in vars(aiogram.methods).items()
    if isinstance(method, type) and issubclass(method, TelegramMethod) and method is not TelegramMethod
}
"""The names of all methods that aiogram knows."""


def _modules(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for each in folder.iterdir():
        found += _modules(each) if each.is_dir() else [each] if each.name.endswith(".py") else []
    return found


def _is_bot(value: ast.expr) -> bool:
    return (isinstance(value, ast.Name) and value.id == "bot") or (
        isinstance(value, ast.Attribute) and value.attr == "_bot"
    )


async def storm(system: System, *, kinds: tuple[str, ...], users: int, seconds: tuple[float, float]) -> Figures:
    """Let each kind of failure befall every method, and then 429s whatever comes."""
    figures, record = Figures(), CallRecord(system.chats)
    people = [await system.chats.user(first_name=f"Ann {number}") for number in range(users)]
    wanted = methods_used()
    part = system.bot("bot", **SHOP)
    admin = await system.chats.user(ADMIN)
    async with pretending(system.redis.url, workers=users, seconds=seconds, result=photo("PNG", SMALL)):
        for kind in kinds:
            await _fail_at_start(system, kind, wanted)
            await system.start(part)
            for method in wanted - set(AT_START):
                await _arm(system, method, kind, times=2)
            began = time.monotonic()
            await _round(people, admin, figures)
            await _struck(system)
            await record.look()
            print(f"  {kind:8} at {len(wanted)} methods: {time.monotonic() - began:4.0f} s", flush=True)
            left = {fault["method"] for fault in await system.chats.faults()}
            figures.missed += [f"{method} {kind}" for method in sorted(left)]
            await system.chats.clear_faults()
            await part.stop()
        await system.start(part)
        await system.chats.fault("*", "429", times=10 * users, retry_after=2)
        await _round(people, admin, figures)
        await record.look()
        print(f"  429s for {10 * users} calls of any method", flush=True)
        await part.stop()
    figures.edits = most_edits(record.calls)
    return figures


async def _fail_at_start(system: System, kind: str, wanted: set[str]) -> None:
    """Start a bot that receives by webhook, and leave the webhook for the polling one to end."""
    for method in wanted & set(AT_START):
        await _arm(system, method, kind, times=1)
    other = system.bot(f"webhook-{kind}", **webhook())
    await system.start(other)
    await other.stop()


async def _arm(system: System, method: str, kind: str, *, times: int) -> None:
    await system.chats.fault(method, kind, times=times, retry_after=2, seconds=2.0)


async def _round(people: list[Person], admin: Person, figures: Figures) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_trade(people[0], admin, figures))
        for person in people:
            tasks.create_task(_do_all(person, figures))


async def _do_all(person: Person, figures: Figures) -> None:
    """Have one person use every method once, and see what came of it."""
    taken = photo(size=SMALL)
    (plain,) = await person.send(photo=taken, caption="make it snow")
    await _answered(person, plain, figures)
    with suppress(NeverHappenedError):
        await person.press("File", timeout=PATIENCE)
    (lonely,) = await person.send(photo=taken, caption="make it rain")
    with suppress(NeverHappenedError):
        await person.delete((await answer_to(person, lonely, within=PATIENCE)).id)
    await _answered(person, lonely, figures)
    (text,) = await person.send("hello")
    await answer_to(person, text, within=PATIENCE)
    await person.send("/language")
    with suppress(NeverHappenedError):  # an edit, however fast the jobs were
        await person.press("English", timeout=PATIENCE)
    chat = await person.snapshot()
    replies = [message for message in chat.from_bot if message.reply_to is not None]
    shown = Counter(message.reply_to for message in replies if message.now.photo)
    figures.twice += sum(shown[source] > 1 for source in (plain, lonely))
    sources = {plain, lonely, text} | {message.id for message in replies if message.reply_to == plain}
    answers = Counter(message.reply_to for message in replies if message.reply_to in sources)
    figures.beside += sum(answers.values()) - len(answers)


async def _trade(person: Person, admin: Person, figures: Figures) -> None:
    """Have somebody buy a pack, and an admin give the Stars back."""
    figures.payments += 1
    before = len((await person.snapshot()).invoices)
    try:
        await person.send("/buy")
        await person.press(f"⭐ {STARS}", timeout=PATIENCE)
        chat = await person.wait_for(lambda chat: len(chat.invoices) > before, PATIENCE)
        charge = await _paid(person, chat.invoices[-1].id)
        await person.wait_for(lambda chat: _saying(chat, "Thank you!") > figures.thanked, PATIENCE)
        (asked,) = await admin.send(f"/refund {person.id} {charge}")
        await answer_to(admin, asked, within=PATIENCE)
    except (NeverHappenedError, RefusedError) as error:
        figures.unanswered += 1
        print(f"NOT SOLD: {error}", flush=True)
    figures.thanked = _saying(await person.snapshot(), "Thank you!")


async def _paid(person: Person, invoice: int) -> str:
    """Pay, again where Telegram did not hear in time that the bot agrees, as a person would; returns the charge."""
    for _attempt in range(5):
        with suppress(RefusedError):
            return await person.pay(invoice)
        await asyncio.sleep(1)
    return await person.pay(invoice)


def _saying(chat: Chat, words: str) -> int:
    return sum(message.said(words) for message in chat.from_bot)


async def _answered(person: Person, source: int, figures: Figures) -> None:
    figures.jobs += 1
    try:
        await answer_to(person, source, within=PATIENCE, picture=True)
    except NeverHappenedError as error:
        figures.unanswered += 1
        print(f"NOT ANSWERED: {error}", flush=True)


async def _struck(system: System) -> None:
    """Wait until every failure has befallen a call, but not for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while await system.chats.faults():
                await asyncio.sleep(0.2)


async def storms(options: argparse.Namespace, folder: Path) -> list[str]:
    """Run all rounds."""
    async with around_bots(folder) as system:
        figures = await storm(system, kinds=tuple(options.kinds), users=options.users, seconds=(3.0, 6.0))
    print(
        f"\n{figures.jobs} jobs and {figures.payments} payments; {figures.beside} texts or files came twice where "
        f"Telegram's reply was lost; most edits in a chat in a minute: {figures.edits}"
    )
    return figures.broken


if __name__ == "__main__":
    prove(storms, __doc__, users=(5, "who do all they can at the same time"), kinds=(KINDS, "of failures"))
