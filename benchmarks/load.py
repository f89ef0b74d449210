"""How soon the bot answers a thousand people with fifty workers, and what it needs for that.

Real: the bot as a process, Redis, the queue's library on the workers' side, HTTP. Simulated: Telegram with its limits
and its people, and workers that only pretend to edit, all in this process. Everything runs on one machine, and the
bot has a part of it: the load average says how busy it was.

People send photos with a caption, and now and then a text. Each photo is to come back as one picture in one message.
The time to an answer ends when the simulated Telegram has taken the bot's call. It begins before Telegram is handed
the photo, and so includes the JPEGs that Telegram makes first.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from qwenedit_testkit.by_hand.worker import pretending
from qwenedit_testkit.people import Sender
from qwenedit_testkit.photos import photo
from qwenedit_testkit.processes import MEBIBYTE, processor_seconds, resident
from qwenedit_testkit.programs import command_line, seconds, whole
from qwenedit_testkit.system import System, around_bots
from qwenedit_testkit.telegram_calls import EDITS, MINUTE, Record, first_answers, most_edits, share
from qwenedit_testkit.waiting import background

PHOTO = (1280, 960)
"""Pixels: what Telegram makes of a phone's photo."""
SECONDS = (8.0, 14.0)
"""How long a worker pretends to edit: fifty have room for 270 jobs a minute."""
TEXT_EVERY = 3
"""For so many photos there is a text."""
PATIENCE = 120.0
"""Seconds after the last photo until a job counts as lost."""
ECHO = 3.0
"""Seconds more in which a second answer could come."""
MOST_EDITS = 15


@dataclass(slots=True)
class Usage:
    """What the bot's process needs, looked at about each second."""

    cpu: list[float] = field(default_factory=list)
    """Share of one processor."""
    memory: list[float] = field(default_factory=list)
    """MB, resident."""
    seconds: float = 0.0
    """Processor time in all."""

    async def watch(self, pid: int) -> None:
        """Look until cancelled."""
        before, at = processor_seconds(pid), time.monotonic()
        while True:
            await asyncio.sleep(1.0)
            now, later = processor_seconds(pid), time.monotonic()
            self.cpu.append((now - before) / (later - at))
            self.memory.append(resident(pid) / MEBIBYTE)
            self.seconds += now - before
            before, at = now, later


@dataclass(slots=True)
class Figures:
    """What came of it."""

    photos: int = 0
    texts: int = 0
    lost: int = 0
    twice: int = 0
    """Messages with more than one answer."""
    placeholder: list[float] = field(default_factory=list)
    """Seconds from a photo to the bot's first word about it."""
    text: list[float] = field(default_factory=list)
    """Seconds from a text to its answer."""
    edits: int = 0
    """Most in a chat in a minute."""
    calls: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    """Calls that the simulated Telegram answered with 429."""

    @property
    def good(self) -> bool:
        """Whether nothing was lost, and nothing too much."""
        return not (self.lost or self.twice) and self.edits <= MOST_EDITS


async def load(
    system: System,
    *,
    users: int,
    per_minute: float,
    workers: int,
    duration: float,
    seconds: tuple[float, float] = SECONDS,
    seed: int = 1,
) -> tuple[Figures, Usage]:
    """Have people send for so many seconds, and see what came of it."""
    part = system.bot("bot")
    await part.start(timeout=180)
    senders = [Sender(await system.chats.user()) for _ in range(users)]
    record, usage = Record(system.chats), Usage()
    async with (
        pretending(system.redis.url, workers=workers, seconds=seconds, result=photo("PNG", (512, 384))),
        background(usage.watch(part.pid), record.keep_looking(10)),
    ):
        await _send(senders, random.Random(seed), per_minute=per_minute, duration=duration)
        figures = await _judge(senders)
    await record.look()
    await part.stop()
    _count(figures, senders, record)
    return figures, usage


async def _send(senders: list[Sender], chance: random.Random, *, per_minute: float, duration: float) -> None:
    """Send photos and texts at random moments; nobody sends again within a minute if there are people enough."""
    taken = photo(size=PHOTO)
    turns = senders[:]
    chance.shuffle(turns)
    end = time.monotonic() + duration
    number = 0
    async with asyncio.TaskGroup() as sending:
        while time.monotonic() < end:
            number += 1
            sender, text = turns[number % len(turns)], number % (TEXT_EVERY + 1) == 0
            sending.create_task(sender.send_text("hello") if text else sender.send_photo(taken))
            await asyncio.sleep(chance.expovariate(per_minute / MINUTE * (TEXT_EVERY + 1) / TEXT_EVERY))


async def _judge(senders: list[Sender]) -> Figures:
    """Wait for the pictures, and count what is missing or too much."""
    sent = [each for sender in senders for each in sender.sent]
    figures = Figures(photos=sum(each.photo for each in sent), texts=sum(not each.photo for each in sent))
    deadline = time.monotonic() + PATIENCE
    left = senders
    while left and time.monotonic() < deadline:
        left = [sender for sender in left if not all(answer.complete for answer in await sender.answers())]
        await asyncio.sleep(0.5)
    await asyncio.sleep(ECHO)
    for sender in senders:
        answers = await sender.answers()
        figures.lost += sum(not answer.complete for answer in answers)
        figures.twice += sum(answer.messages > 1 for answer in answers)
    return figures


def _count(figures: Figures, senders: list[Sender], record: Record) -> None:
    answered = first_answers(record.calls)
    figures.calls.update(call.method for call in record.calls)
    figures.refused = sum(call.status == HTTPStatus.TOO_MANY_REQUESTS for call in record.calls)
    for sender in senders:
        for each in sender.sent:
            at = answered.get((sender.person.chat_id, each.id))
            if at is not None:
                (figures.placeholder if each.photo else figures.text).append(max(0.0, at - each.at))
    figures.edits = most_edits(record.calls)


def report(figures: Figures, usage: Usage, duration: float) -> str:
    """Say it all."""
    edits = sum(figures.calls[method] for method in EDITS)
    jobs = max(1, figures.photos)
    return (
        f"{figures.photos} photos ({figures.photos / duration * MINUTE:.0f} a minute) and {figures.texts} texts: "
        f"{figures.lost} lost, {figures.twice} answered twice\n"
        f"photo to placeholder: p50 {share(figures.placeholder, 0.5) * 1000:.0f} ms, "
        f"p99 {share(figures.placeholder, 0.99) * 1000:.0f} ms, longest {max(figures.placeholder, default=0):.2f} s\n"
        f"text to answer:       p50 {share(figures.text, 0.5) * 1000:.0f} ms, "
        f"p99 {share(figures.text, 0.99) * 1000:.0f} ms\n"
        f"bot: CPU {100 * sum(usage.cpu) / max(1, len(usage.cpu)):.0f}% of a processor on average, "
        f"{100 * max(usage.cpu, default=0):.0f}% in its busiest second, "
        f"{1000 * usage.seconds / jobs:.0f} ms for each photo; memory {share(usage.memory, 0.5):.0f} MB, "
        f"at most {max(usage.memory, default=0):.0f} MB\n"
        f"calls: {sum(figures.calls.values())}, of them {edits} edits ({edits / jobs:.1f} a job); "
        f"refused with 429: {figures.refused}\n"
        f"edits in a chat in a minute: at most {figures.edits} (allowed {MOST_EDITS})\n"
        f"load average of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )


async def main() -> int:
    """Run it and print the report; 1 where a job was lost or answered twice, or a chat edited too often."""
    parser = command_line(__doc__)
    parser.add_argument("--users", type=whole(), default=1000, help="(%(default)s)")
    parser.add_argument("--per-minute", type=seconds, default=200, help="photos of all together (%(default)s)")
    parser.add_argument("--workers", type=whole(), default=50, help="(%(default)s)")
    parser.add_argument("--duration", type=seconds, default=180, help="seconds in which people send (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all moments (%(default)s)")
    options = parser.parse_args()
    print(
        f"{options.users} users, {options.per_minute:g} jobs a minute, {options.workers} workers, "
        f"{options.duration:g} s; Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        async with around_bots(Path(folder)) as system:
            figures, usage = await load(
                system, seed=options.seed, users=options.users, per_minute=options.per_minute, workers=options.workers,
                duration=options.duration,
            )  # fmt: skip
    print(report(figures, usage, options.duration))
    return int(not figures.good)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
