"""Restarts, rolls out and kills the bot: no message is lost, and no picture is shown twice.

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
import random
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp import web

from local_stack import free_port
from proofs._crowd import beside_crowd
from proofs._frame import prove
from qwenedit_testkit.by_hand.worker import pretending
from qwenedit_testkit.photos import SMALL, photo
from qwenedit_testkit.system import START_TIMEOUT, around_bots, webhook

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import TracebackType

    from local_stack import Service
    from qwenedit_testkit.system import System

    Act = Callable[[], Awaitable[None]]

RESTARTS, ROLLOUTS, CRASHES = "restarts", "rollouts", "crashes"
PAUSES = (1.5, 3.5)
"""Seconds between two messages of a person."""
MOST_UNANSWERED = 15
"""Messages without an answer after which a person waits. The bot keeps 20 of a sender in a chat (docs/limits.md)."""
UPTIME = (0.1, 0.7)
"""Seconds from a bot's readiness to its end."""
LAG = 0.2
"""Seconds for which a replica that was told to stop is still sent requests."""
GRACE = 30.0
"""Seconds that a bot has to end by itself, as its pods have in the chart."""


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


@dataclass(slots=True)
class Ends:
    """How bots were ended."""

    bots: int = 0
    killed: int = 0
    """How many of them by SIGKILL: in the phase that is about it, or since they did not end in time."""
    slowest: float = 0.0
    """Seconds that the slowest of them took to end."""

    async def end(self, part: Service, how: signal.Signals) -> None:
        """End a bot as Kubernetes does: it is killed once its grace is over."""
        began = time.monotonic()
        part.signal(how)
        try:
            async with asyncio.timeout(GRACE):
                await part.wait()
        except TimeoutError:
            how = signal.SIGKILL
            await part.kill()
        self.bots += 1
        self.killed += how is signal.SIGKILL
        self.slowest = max(self.slowest, time.monotonic() - began)


async def phase(system: System, name: str, *, count: int, people: int, chance: random.Random) -> list[str]:
    """End bots again and again while people send; returns what was broken."""
    ends = Ends()

    async def beside(act: Act) -> list[str]:
        tally = await beside_crowd(
            system.chats, act, people=people, chance=chance, pauses=PAUSES, most_unanswered=MOST_UNANSWERED
        )
        print(f"{name}: {ends.bots} ended ({ends.killed} killed; {ends.slowest:.1f} s at most): {tally}", flush=True)
        wrong = [*tally.broken]
        if name != CRASHES and tally.twice:
            wrong.append(f"{tally.twice} messages were answered twice")
        if name != CRASHES and ends.killed:
            wrong.append(f"{ends.killed} bots did not end within {GRACE:.0f} s")
        return [f"{name}: {each}" for each in wrong]

    if name == ROLLOUTS:
        return await _rollouts(system, count, chance, ends, beside)
    part = system.bot("bot")
    await part.start(timeout=START_TIMEOUT)

    async def end_and_start() -> None:
        for _ in range(count):
            await asyncio.sleep(chance.uniform(*UPTIME))
            await ends.end(part, signal.SIGKILL if name == CRASHES else signal.SIGTERM)
            await part.start(timeout=START_TIMEOUT)

    broken = await beside(end_and_start)
    await part.stop()
    return broken


async def _rollouts(
    system: System, count: int, chance: random.Random, ends: Ends, beside: Callable[[Act], Awaitable[list[str]]]
) -> list[str]:
    """Replace two replicas with webhooks by two others again and again."""
    async with Balancer() as balancer:

        def pair(number: int) -> dict[int, Service]:
            ports = free_port(), free_port()
            return {port: system.bot(f"bot-{number}-{port}", **webhook(port, url=balancer.url)) for port in ports}

        now = pair(0)
        await system.start(*now.values())
        balancer.ports = list(now)

        async def replace() -> None:
            nonlocal now
            for number in range(1, count + 1):
                await asyncio.sleep(chance.uniform(*UPTIME))
                others = pair(number)
                await system.start(*others.values())
                balancer.ports = [*balancer.ports, *others]
                await asyncio.sleep(LAG)
                balancer.ports = list(others)
                await asyncio.gather(*(ends.end(part, signal.SIGTERM) for part in now.values()))
                now = others

        broken = await beside(replace)
        for part in now.values():
            await part.stop()
    taken = await system.chats.calls("deleteWebhook")
    return [*broken, *(["a bot took the webhook away from the others"] if taken else [])]


async def restarts(options: argparse.Namespace, folder: Path) -> list[str]:
    """Run the phases, each with a Redis of its own."""
    broken = []
    for number, name in enumerate(options.phases):
        count, chance = getattr(options, name), random.Random(options.seed + number)
        async with (
            around_bots(folder / name) as system,
            pretending(system.redis.url, result=photo("PNG", SMALL)),
        ):
            broken += await phase(system, name, count=count, people=options.users, chance=chance)
    return broken


if __name__ == "__main__":
    prove(
        restarts,
        __doc__,
        phases=((RESTARTS, ROLLOUTS, CRASHES), "which"),
        users=(20, "people who keep sending"),
        restarts=(100, "of one polling bot"),
        rollouts=(50, "of two replicas with webhooks"),
        crashes=(50, "of one polling bot"),
    )
