"""Each edit comes back right though all connections to ComfyUI are cut once in each job.

Real: Redis, the worker as a process, a ComfyUI. Between worker and ComfyUI stands a proxy that resets all connections
that are open: the websocket and every HTTP request. The moment is drawn anew for each job. Each job's picture has a
colour of its own, and must come back as its negative.

Exit code 1 where a picture is wrong or missing, or a job was counted as a retry. So also where ComfyUI or its folders
keep anything, or more than ten connections were open at once.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from local_stack import HOST, Service, bare_environment, worker
from qwenedit_jobs import (
    Job,
    Limits,
    State,
)
from qwenedit_testkit.by_hand.bot import BotByHand, by_hand
from qwenedit_testkit.comfyui_server import WHICH, comfyui, machine
from qwenedit_testkit.photos import is_negative, plain
from qwenedit_testkit.processes import MEBIBYTE, resident
from qwenedit_testkit.programs import command_line, conclude, whole
from qwenedit_testkit.proxy import Proxy
from qwenedit_testkit.redis import redis_server

if TYPE_CHECKING:
    from qwenedit_testkit.comfyui_server import Server

JOBS = 1000
AHEAD = 20
"""Jobs in line at any time: a backlog, without a thousand pictures in Redis."""
FIRST_JOB = 0.1
"""Seconds that a job is taken to last until some have been seen."""
MOST_SOCKETS = 10
PATIENCE = 120.0
"""Seconds within which the next job must end."""
COLOURS = 251
"""Prime, so that colours of successive jobs differ in each channel."""


@dataclass(slots=True)
class Tally:
    """What is seen of the jobs."""

    states: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """The worker's resident MiB after each job."""
    cuts: int = 0
    idle_cuts: int = 0
    """Cuts that met no connection."""


class Bench:
    """The bot's part, and a worker behind the proxy."""

    def __init__(self, bot: BotByHand, part: Service, proxy: Proxy, *, jobs: int, dice: random.Random) -> None:
        self._bot = bot
        self._part = part
        self._proxy = proxy
        self._jobs = jobs
        self._dice = dice
        self._asked: list[Job] = []

    async def run(self) -> Tally:
        """Have all jobs executed, in order, with a cut in each."""
        tally = Tally()
        async with asyncio.TaskGroup() as tasks:
            janitor = tasks.create_task(self._bot.keep_tidy())
            for number in range(min(AHEAD, self._jobs)):
                await self._enqueue(number)
            for number in range(self._jobs):
                began = time.monotonic()
                typical = statistics.median(tally.seconds[-50:] or [FIRST_JOB])
                cut = tasks.create_task(self._cut_after(self._dice.uniform(0, typical), tally))
                await self._until_final(number, tally)
                cut.cancel()  # the job was faster: its cut comes with the next one's
                tally.seconds.append(time.monotonic() - began)
                tally.memory.append(resident(self._part.pid) / MEBIBYTE)
                if number + AHEAD < self._jobs:
                    await self._enqueue(number + AHEAD)
                if (number + 1) % 100 == 0:
                    print(f"  {number + 1} jobs", file=sys.stderr, flush=True)
            janitor.cancel()
        return tally

    async def _cut_after(self, seconds: float, tally: Tally) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            cut = self._proxy.reset()
            tally.cuts += bool(cut)
            tally.idle_cuts += not cut

    async def _enqueue(self, number: int) -> None:
        photo = plain(_colour(number), size=(512, 512), kind="PNG")
        self._asked.append(await self._bot.ask(number, photo, Limits(max_unfinished_per_user=self._jobs)))

    async def _until_final(self, number: int, tally: Tally) -> None:
        job = self._asked[number]
        status = await self._bot.until(job.id, lambda status: status.state.final, within=PATIENCE)
        tally.states[status.state.value] += 1
        tally.attempts[status.attempt] += 1
        if status.state is not State.DONE or status.result is None:
            print(f"  job {number}: {status.state.value}, {status.reason}", file=sys.stderr)
            return
        data = await self._bot.store.get(status.result.picture)
        tally.wrong += not is_negative(data, _colour(number), off=1)
        await self._bot.store.delete(status.result.picture, *job.edit.pictures)


def _colour(number: int) -> tuple[int, int, int]:
    return number % COLOURS, number * 7 % COLOURS, number * 31 % COLOURS


async def _kept(server: Server) -> tuple[set[str], int]:
    """Look at what ComfyUI knows: ids of history entries, and the number of prompts in its queue."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/history") as answer:
            history = set(await answer.json())
        async with session.get(f"{server.url}/queue") as answer:
            queue = await answer.json()
    return history, len(queue["queue_running"]) + len(queue["queue_pending"])


async def measure(server: Server, *, jobs: int, seed: int) -> bool:
    """Drive the jobs, print what was seen, and say whether all is as promised."""
    before = server.files()
    others, _ = await _kept(server)
    place = urlsplit(server.url)
    async with (
        redis_server() as redis,
        Proxy("comfyui", place.port or 80, host=place.hostname or HOST).running() as proxy,
        by_hand(redis.url) as bot,
    ):
        env = bare_environment(
            **server.settings, WORKFLOW="invert-model-free", WORKER_LOG_LEVEL="ERROR", WORKER_WARM_UP="false"
        )
        part = worker(env=env, redis_url=redis.url, comfyui_url=f"http://{HOST}:{proxy.port}")
        await part.start(timeout=60)
        bench = Bench(bot, part, proxy, jobs=jobs, dice=random.Random(seed))
        began = time.monotonic()
        tally = await bench.run()
        elapsed = time.monotonic() - began
        await part.stop()
    known, inside = await _kept(server)
    history = len(known - others)
    left = server.files() - before
    retries = sum(count for attempt, count in tally.attempts.items() if attempt > 1)
    early = statistics.median(tally.memory[: max(1, jobs // 10)])
    late = statistics.median(tally.memory[-max(1, jobs // 10) :])
    print(f"jobs                     {jobs}, in {elapsed:.0f} s")
    print(f"cuts                     {tally.cuts}, each of all open connections ({tally.idle_cuts} met none)")
    print(f"right pictures           {tally.states['done'] - tally.wrong} ({dict(tally.states)}, {tally.wrong} wrong)")
    print(f"retries blamed on a job  {retries} (attempts: {dict(tally.attempts)})")
    print(f"a job took               p50 {statistics.median(tally.seconds):.3f} s, longest {max(tally.seconds):.1f} s")
    print(f"left in ComfyUI          {history} history entries, {inside} prompts, {len(left)} files")
    print(f"open connections         {proxy.peak} at most")
    print(
        f"worker's memory          {early:.1f} MB (first tenth), {late:.1f} MB (last tenth), "
        f"{max(tally.memory):.1f} MB at most"
    )
    for path in sorted(left)[:10]:
        print(f"  {path}")
    return (
        tally.states["done"] - tally.wrong == jobs
        and not (retries or history or inside or left)
        and proxy.peak <= MOST_SOCKETS
    )


async def main() -> bool:
    """Measure and print."""
    parser = command_line((__doc__ or "") + WHICH)
    parser.add_argument("--jobs", type=whole(), default=JOBS, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of the moments (any)")
    options = parser.parse_args()
    async with comfyui() as server:
        print(f"{server.name}, {machine()}, seed {options.seed}", flush=True)
        return await measure(server, jobs=options.jobs, seed=options.seed)


if __name__ == "__main__":
    conclude(main())
