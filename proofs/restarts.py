"""Restarts, rollouts and kills of the bot lose no message, and show no picture twice.

Real: the bot as processes, Redis, HTTP in both directions. Simulated: Telegram and its people, and a worker that
edits at once. For webhooks the script also plays the Service in front of the replicas. A replica is behind it from
its readiness on, and for a moment after it was told to stop, as a pod is.

First one replica that polls is stopped (SIGTERM) and started again, as at a deploy. Then two replicas with webhooks
are replaced by two others. Then a polling replica is killed (SIGKILL) instead. Each text or photo is to have one
message of the bot as its answer, and a photo's is to become the picture.

A bot that is killed after Telegram took its reply, and before it noted that, says the same again after its start.
Telegram has no way to ask. Such replies are counted, and are no failure of the third phase; a picture shown twice
would be.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import signal
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp import web

from local_stack import free_port
from qwenedit_testkit.by_hand.worker import pretending
from qwenedit_testkit.people import Answer, Sender
from qwenedit_testkit.photos import SMALL, photo
from qwenedit_testkit.programs import command_line, conclude, whole
from qwenedit_testkit.system import START_TIMEOUT, around_bots, webhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType

    from local_stack import Service
    from qwenedit_testkit.people import Answer
    from qwenedit_testkit.system import System

RESTARTS, ROLLOUTS, CRASHES = "restarts", "rollouts", "crashes"
PAUSES = (1.5, 3.5)
"""Seconds between two messages of a person."""
MOST_UNANSWERED = 15
"""Messages without an answer after which a person waits. The bot keeps 20 of a sender in a chat (docs/limits.md)."""
PHOTO_EVERY = 3
"""Every so many messages is a photo, a person's first one too."""
UPTIME = (0.1, 0.7)
"""Seconds from a bot's readiness to its end."""
LAG = 0.2
"""Seconds for which a replica that was told to stop is still sent requests."""
PATIENCE = 90.0
"""Seconds after the last answer until what has none counts as lost. A bot that was dead for most of some minutes has
hundreds to give, at Telegram's pace."""
ECHO = 3.0
"""Seconds more in which a second answer could come."""
GRACE = 30.0
"""Seconds that a bot has to end by itself, as its pods have in the chart."""


@dataclass(slots=True)
class Figures:
    """What came of the messages of a phase."""

    phase: str
    bots: int = 0
    """Processes that were ended."""
    killed: int = 0
    """How many of them by SIGKILL: in the phase that is about it, or since they did not end in time."""
    slowest: float = 0.0
    """Seconds that the slowest of them took to end."""
    messages: int = 0
    photos: int = 0
    lost: int = 0
    twice: int = 0
    """Messages that have a second message of the bot as an answer."""
    pictures_twice: int = 0
    """Photos whose picture was shown twice."""
    seconds: float = 0.0

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.phase:9} {self.bots:4} ended ({self.killed} killed; {self.slowest:.1f} s at most) in "
            f"{self.seconds:4.0f} s: {self.messages} messages, {self.photos} of them photos; lost {self.lost}, "
            f"answered twice {self.twice}, picture shown twice {self.pictures_twice}"
        )

    @property
    def good(self) -> bool:
        """Whether all is as it should be."""
        if self.lost or self.pictures_twice:
            return False
        return self.phase == CRASHES or not (self.twice or self.killed)


async def keep_sending(sender: Sender, photo: bytes, chance: random.Random, until: asyncio.Event) -> None:
    """Send until told to stop."""
    await asyncio.sleep(chance.uniform(0, PAUSES[1]))
    while not until.is_set():
        if len(await unanswered(sender)) < MOST_UNANSWERED:
            photo_is_due = len(sender.sent) % PHOTO_EVERY == 0
            await (sender.send_photo(photo) if photo_is_due else sender.send_text("hello"))
        with suppress(TimeoutError):
            async with asyncio.timeout(chance.uniform(*PAUSES)):
                await until.wait()


async def unanswered(sender: Sender) -> list[Answer]:
    """Return the messages without an answer, and the photos that have not come back as pictures."""
    return [answer for answer in await sender.answers() if not answer.complete]


class Balancer:
    """Stands where Telegram posts, and hands each request to a replica behind it. An async context manager."""

    def __init__(self) -> None:
        self.port = free_port()
        self.ports: list[int] = []
        self._turn = 0
        app = web.Application()
        app.router.add_post("/telegram", self._hand_on)
        self._runner = web.AppRunner(app, access_log=None)
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """What Telegram is told."""
        return f"http://127.0.0.1:{self.port}/telegram"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _hand_on(self, request: web.Request) -> web.Response:
        if self._session is None or not self.ports:
            return web.Response(status=503)
        self._turn += 1
        port = self.ports[self._turn % len(self.ports)]
        try:
            async with self._session.post(
                f"http://127.0.0.1:{port}/telegram", data=await request.read(), headers=request.headers
            ) as answer:
                return web.Response(status=answer.status)
        except aiohttp.ClientError:
            return web.Response(status=502)


async def observe(
    system: System, chance: random.Random, figures: Figures, users: int, act: Callable[[], Awaitable[None]]
) -> Figures:
    """Have people send while something happens to the bots, and see what came of it."""
    senders = [Sender(await system.chats.user()) for _ in range(users)]
    over = asyncio.Event()
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for sender in senders:
            tasks.create_task(keep_sending(sender, photo(size=SMALL), random.Random(chance.random()), over))
        await act()
        over.set()
    figures.seconds = time.monotonic() - began
    left, answered_at = await _left(senders), time.monotonic()
    while left and time.monotonic() - answered_at < PATIENCE:
        await asyncio.sleep(0.5)
        before, left = left, await _left(senders)
        if left < before:
            answered_at = time.monotonic()
    await asyncio.sleep(ECHO)
    figures.lost = left
    for sender in senders:
        answers = await sender.answers()
        figures.twice += sum(answer.messages > 1 for answer in answers)
        figures.pictures_twice += sum(answer.pictures > 1 for answer in answers)
        figures.photos += sum(answer.to.photo for answer in answers)
        figures.messages += len(answers)
    return figures


async def _left(senders: list[Sender]) -> int:
    return sum([len(await unanswered(sender)) for sender in senders])


@asynccontextmanager
async def system_and_worker(folder: Path) -> AsyncIterator[System]:
    """Run all but bots: what they speak to, and a worker that edits at once."""
    async with around_bots(folder) as system, pretending(system.redis.url, result=photo("PNG", SMALL)):
        yield system


async def restarts(system: System, *, count: int, users: int, seed: int = 1) -> Figures:
    """Stop a polling bot and start it again, again and again."""
    return await _ended(system, RESTARTS, signal.SIGTERM, count=count, users=users, seed=seed)


async def crashes(system: System, *, count: int, users: int, seed: int = 1) -> Figures:
    """Kill a polling bot and start it again, again and again."""
    return await _ended(system, CRASHES, signal.SIGKILL, count=count, users=users, seed=seed)


async def _ended(system: System, phase: str, how: signal.Signals, *, count: int, users: int, seed: int) -> Figures:
    figures, chance = Figures(phase), random.Random(seed)
    part = system.bot("bot")
    await part.start(timeout=START_TIMEOUT)

    async def act() -> None:
        for _ in range(count):
            await asyncio.sleep(chance.uniform(*UPTIME))
            await _end_bot(part, how, figures)
            await part.start(timeout=START_TIMEOUT)

    await observe(system, chance, figures, users, act)
    await part.stop()
    return figures


async def _end_bot(part: Service, how: signal.Signals, figures: Figures) -> None:
    """End a bot as Kubernetes does: it is killed once its grace is over."""
    began = time.monotonic()
    part.signal(how)
    try:
        async with asyncio.timeout(GRACE):
            await part.wait()
    except TimeoutError:
        how = signal.SIGKILL
        await part.kill()
    figures.bots += 1
    figures.killed += how is signal.SIGKILL
    figures.slowest = max(figures.slowest, time.monotonic() - began)


async def rollouts(system: System, *, count: int, users: int, seed: int = 1) -> Figures:
    """Replace two replicas with webhooks by two others again and again."""
    figures, chance = Figures(ROLLOUTS), random.Random(seed)
    async with Balancer() as balancer:

        def pair(number: int) -> dict[int, Service]:
            ports = free_port(), free_port()
            return {port: system.bot(f"bot-{number}-{port}", **webhook(port, url=balancer.url)) for port in ports}

        now = pair(0)
        await system.start(*now.values())
        balancer.ports = list(now)

        async def act() -> None:
            nonlocal now
            for number in range(1, count + 1):
                await asyncio.sleep(chance.uniform(*UPTIME))
                others = pair(number)
                await system.start(*others.values())
                balancer.ports = [*balancer.ports, *others]
                await asyncio.sleep(LAG)
                balancer.ports = list(others)
                await asyncio.gather(*(_end_bot(part, signal.SIGTERM, figures) for part in now.values()))
                now = others

        await observe(system, chance, figures, users, act)
        for part in now.values():
            await part.stop()
    if await system.chats.calls("deleteWebhook"):
        raise RuntimeError("a bot took the webhook away from the others")
    return figures


async def main() -> bool:
    """Run the phases, and print a line for each; returns whether all promises were kept."""
    parser = command_line(__doc__)
    parser.add_argument("--restarts", type=whole(least=0), default=100, help="of one polling bot (%(default)s)")
    parser.add_argument(
        "--rollouts", type=whole(least=0), default=50, help="of two replicas with webhooks (%(default)s)"
    )
    parser.add_argument("--crashes", type=whole(least=0), default=50, help="of one polling bot (%(default)s)")
    parser.add_argument("--users", type=whole(), default=20, help="who keep sending (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all moments and pauses (%(default)s)")
    options = parser.parse_args()
    if not (options.restarts or options.rollouts or options.crashes):
        parser.error("nothing is to be done")
    print(f"seed {options.seed}, {options.users} users; Python {platform.python_version()}, {os.cpu_count()} CPUs")
    found = []
    phases = (restarts, options.restarts), (rollouts, options.rollouts), (crashes, options.crashes)
    with tempfile.TemporaryDirectory(prefix="restarts-") as folder:
        for number, (phase, count) in enumerate(phases):
            if not count:
                continue
            async with system_and_worker(Path(folder) / phase.__name__) as system:
                figures = await phase(system, count=count, users=options.users, seed=options.seed + number)
            print(figures, flush=True)
            found.append(figures)
    good = all(figures.good for figures in found)
    print("KEPT" if good else "BROKEN")
    return good


if __name__ == "__main__":
    conclude(main())
