"""A thousand people with ten thousand unfinished jobs: how long is the bot's event loop held, and what does it cost?

No worker takes the jobs, so that the bot has only their progress to look after, and /help to answer.

How long the loop is held is seen from outside: a question to `/livez` is answered when the loop comes round to it. On
a busy machine the question also waits for a processor, so that the processor time of the bot's thread between question
and answer counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from local_stack import SIMULATED_TOKEN
from proofs.neighbours.harness import ALLOWED, Harness
from proofs.neighbours.victims import Answers, Victim
from qwenedit_testkit.processes import MEBIBYTE, processor_seconds_in_all, resident_in_all
from qwenedit_testkit.telegram_calls import EDITS, share

if TYPE_CHECKING:
    from telegram_simulator.client import Person

PEOPLE, EACH = 1_000, 10
SECONDS = 60.0
SETTLE = 5.0
"""Seconds from the bot's readiness to the first look: the start itself is another subject."""
LOOK_EVERY = 0.02
HELP_EVERY = 2.0
MOST_HELD = 0.05
"""Seconds."""
AT_ONCE = 20


@dataclass(slots=True)
class Figures:
    """What was seen in `SECONDS`.

    Attributes:
        held: Processor seconds of the bot's thread until it answered, for each question.
        livez: Seconds until it answered, for each question.
        cpu: Processor seconds of the bot.
        edits: Of messages, in all.
    """

    held: list[float] = field(default_factory=list)
    livez: list[float] = field(default_factory=list)
    cpu: float = 0.0
    memory: float = 0.0
    edits: int = 0
    helps: list[float] = field(default_factory=list)


async def crowd(checkout: Path) -> bool:
    """Run it, and print it; returns whether the loop was never held for too long."""
    with tempfile.TemporaryDirectory(prefix="neighbours-") as folder:
        async with Harness(Path(folder), checkout=checkout) as harness:
            jobs = await _asked(harness)
            await harness.enter(workers=False, prepare=lambda: _enqueue(harness, jobs))
            await asyncio.sleep(SETTLE)
            figures = await _watch(harness)
            left = await harness.unfinished()
    minute = 60 / SECONDS
    print(
        f"{PEOPLE} people, {left} unfinished jobs, {SECONDS:.0f} s, load average {os.getloadavg()[0]:.1f}\n"
        f"event loop held at most {1000 * max(figures.held):.0f} ms, p99 {1000 * share(figures.held, 0.99):.0f} ms "
        f"({len(figures.held)} looks; allowed {1000 * MOST_HELD:.0f})\n"
        f"/livez answered in p50 {1000 * share(figures.livez, 0.5):.0f} ms, p99 {1000 * share(figures.livez, 0.99):.0f}"
        f" ms, at most {1000 * max(figures.livez):.0f} ms\n"
        f"/help answered in p50 {1000 * share(figures.helps, 0.5):.0f} ms, p99 {share(figures.helps, 0.99):.2f} s\n"
        f"bot: {figures.cpu * minute:.1f} s of a processor a minute, {figures.edits * minute:.0f} edits a minute, "
        f"{figures.memory:.0f} MiB"
    )
    return max(figures.held) <= MOST_HELD and left == PEOPLE * EACH


async def _asked(harness: Harness) -> list[list[int]]:
    """Have people write, and the bot answer, with the simulator's own hands; returns what each job is about."""
    await harness.chats.limit(enabled=False)
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(number: int) -> list[list[int]]:
        async with turns:
            person = await harness.user(f"Person {number}")
            sources = [(await person.send("make it snow"))[0] for _ in range(EACH)]
            return [[person.id, await _say(harness, person), source] for source in sources]

    found = await asyncio.gather(*(ask(number) for number in range(PEOPLE)))
    await harness.chats.limit(enabled=True)
    return [job for jobs in found for job in jobs]


async def _say(harness: Harness, person: Person) -> int:
    body = {"chat_id": person.id, "text": "In the queue"}
    async with harness.http.post(f"{harness.telegram.url}/bot{SIMULATED_TOKEN}/sendMessage", json=body) as answer:
        return int((await answer.json())["result"]["message_id"])


async def _enqueue(harness: Harness, jobs: list[list[int]]) -> None:
    about = {"REDIS_URL": harness.redis.url, "BOT": SIMULATED_TOKEN.partition(":")[0]}
    process = await asyncio.create_subprocess_exec(
        str(harness.checkout / ".venv/bin/python"), str(Path(__file__).with_name("enqueue.py")),
        stdin=asyncio.subprocess.PIPE, env={**os.environ, **about},
    )  # fmt: skip
    await process.communicate(json.dumps(jobs).encode())
    if process.returncode:
        raise RuntimeError("the jobs could not be queued")


async def _watch(harness: Harness) -> Figures:
    figures, answers = Figures(), Answers(harness.chats, harness.client)
    await answers.look()
    victim = Victim(await harness.chats.user(ALLOWED[-1]))
    before, end = processor_seconds_in_all(harness.the_bot.pid), time.monotonic() + SECONDS
    calls = len(await _edits(harness))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_ask_for_help(victim, end))
        tasks.create_task(_look(harness, figures, end))
    figures.cpu = processor_seconds_in_all(harness.the_bot.pid) - before
    figures.memory = resident_in_all(harness.the_bot.pid) / MEBIBYTE
    figures.edits = len(await _edits(harness)) - calls
    await asyncio.sleep(SETTLE)
    await answers.look()
    figures.helps = [answers.waited(victim.person.chat_id, each) for each in victim.sent]
    return figures


async def _edits(harness: Harness) -> list[Any]:
    return [call for call in await harness.chats.calls() if call.method in EDITS]


async def _ask_for_help(victim: Victim, end: float) -> None:
    while time.monotonic() < end:
        await victim.ask_for_help()
        await asyncio.sleep(HELP_EVERY)


async def _look(harness: Harness, figures: Figures, end: float) -> None:
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < end:
            began, used = time.monotonic(), _thread_seconds(harness.the_bot.pid)
            async with session.get(f"{harness.the_bot.probe_url}/livez") as answer:
                await answer.read()
            figures.held.append(_thread_seconds(harness.the_bot.pid) - used)
            figures.livez.append(time.monotonic() - began)
            await asyncio.sleep(LOOK_EVERY)


def _thread_seconds(pid: int) -> float:
    """Return the processor seconds of a process' first thread, which has its event loop."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9
