"""The schedule of what goes wrong: a function of the seed, carried out one after the other and side by side."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from proofs.chaos.harness import LEASE, LOOK_EVERY
from qwenedit_testkit.proxy import Toxic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from local_stack import Part
    from proofs.chaos.harness import Harness

ASLEEP = (LEASE + 3.0, LEASE + 5.0)
"""Seconds for which a worker is stopped: its lease ends meanwhile, and another one takes its job."""
AILING = (0.3, 3.0)
"""Seconds for which a connection ails; sometimes longer than Redis' clients wait for a reply."""
AILING_LONG = 7.0
LONG = 0.5
"""Chance of a connection that ails longer."""


class Kind(StrEnum):
    """What happens to a part."""

    KILL_WORKER = "SIGKILL of a worker"
    STOP_WORKER = "SIGSTOP of a worker, longer than its lease"
    STEP_CLOCK = "a step of a worker's clock"
    KILL_BOT = "SIGKILL of the bot"
    KILL_REDIS = "SIGKILL of Redis"
    KILL_STORE = "SIGKILL of the store of objects"
    AIL = "a toxic"


DECK = {
    Kind.KILL_WORKER: 12,
    Kind.STOP_WORKER: 3,
    Kind.STEP_CLOCK: 4,
    Kind.KILL_BOT: 3,
    Kind.KILL_REDIS: 3,
    Kind.KILL_STORE: 3,
}
"""How often each comes until all have come, beside each toxic on each connection."""
UPTIME = {Kind.KILL_BOT: 2.0, Kind.KILL_REDIS: 1.0, Kind.KILL_STORE: 1.0, Kind.STOP_WORKER: 2.0}
"""Seconds of peace that a part has after it has come up again."""
WIRES = ("redis-bot", "redis-workers", "comfyui")
BUCKET = "bucket"
"""The wire to the store of objects, where there is one."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    after: float
    """Seconds after the one before it."""
    kind: Kind
    toxic: Toxic | None = None
    wire: str = ""
    which: float = 0.0
    """Chooses among several parts, from 0 to 1."""
    seconds: float = 0.0

    def __str__(self) -> str:
        return ailment(self.toxic, self.wire) if self.toxic else self.kind.value


def ailment(toxic: Toxic, wire: str) -> str:
    """Name a toxic on a connection."""
    return f"{toxic} on {wire}"


def schedule(
    seed: int, *, gap: float, kinds: Collection[Kind] = tuple(Kind), wires: Sequence[str] = WIRES
) -> Iterator[Fault]:
    """Yield what goes wrong, without end: every kind before any comes more often than it is to.

    Args:
        seed: The same one, the same schedule.
        gap: Mean seconds between two faults.
        kinds: What goes wrong.
        wires: The connections that ail.
    """
    dice = random.Random(seed)
    while True:
        deck: list[tuple[Kind, Toxic | None, str]] = [
            (kind, None, "") for kind, count in DECK.items() for _ in range(count)
        ]
        deck += [(Kind.AIL, toxic, wire) for toxic in Toxic for wire in wires]
        deck = [each for each in deck if each[0] in kinds and (each[0] is not Kind.KILL_STORE or BUCKET in wires)]
        dice.shuffle(deck)
        for kind, toxic, wire in deck:
            seconds = dice.uniform(*(ASLEEP if kind is Kind.STOP_WORKER else AILING))
            if toxic is Toxic.TIMEOUT and dice.random() < LONG:
                seconds = AILING_LONG
            yield Fault(
                after=dice.uniform(0, 2 * gap),
                kind=kind,
                toxic=toxic,
                wire=wire,
                which=dice.random(),
                seconds=seconds,
            )


class Villain:
    """Carries a schedule out; more slowly on a slow machine, where nothing would ever be done between two faults."""

    def __init__(self, harness: Harness, faults: Iterator[Fault]) -> None:
        self._harness = harness
        self._schedule = faults
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.done: Counter[str] = Counter()

    async def until_done(self, least: int) -> None:
        """Wait until so much has gone wrong, and is over."""
        while sum(self.done.values()) < least:
            await asyncio.sleep(LOOK_EVERY)

    async def run(self, until: asyncio.Event) -> None:
        """Let things go wrong until told to stop; returns when all is as before."""
        async with asyncio.TaskGroup() as tasks:
            for fault in self._schedule:
                try:
                    async with asyncio.timeout(fault.after * self._harness.slowness):
                        await until.wait()
                except TimeoutError:
                    tasks.create_task(self._commit(fault, until))
                else:
                    return

    async def _commit(self, fault: Fault, until: asyncio.Event) -> None:
        if fault.toxic is not None:
            proxies = {f"redis-{name}": proxy for name, proxy in self._harness.to_redis.items()}
            if self._harness.to_bucket is not None:
                proxies[BUCKET] = self._harness.to_bucket
            comfyuis = self._harness.to_comfyui
            proxy = proxies.get(fault.wire) or comfyuis[int(fault.which * len(comfyuis))]
            async with self._one_at_a_time[proxy.name]:
                if not until.is_set():
                    await proxy.ail(fault.toxic, fault.seconds)
                    self.done[str(fault)] += 1
            return
        part = self._victim(fault)
        async with self._one_at_a_time[part.name]:
            # On a busy machine processes come up slowly: one that is killed again before it is up shows nothing.
            await self._harness.kubelet.until_up(part)
            while fault.kind is Kind.STOP_WORKER and not until.is_set() and not await self._harness.busy(part):
                await asyncio.sleep(LOOK_EVERY)
            if until.is_set():
                return
            await self._hurt(part, fault)
            self.done[str(fault)] += 1
            if fault.kind in UPTIME:
                await self._harness.kubelet.until_up(part)
                with suppress(TimeoutError):
                    async with asyncio.timeout(UPTIME[fault.kind] * self._harness.slowness):
                        await until.wait()

    def _victim(self, fault: Fault) -> Part:
        victims: dict[Kind, Part] = {Kind.KILL_BOT: self._harness.the_bot, Kind.KILL_REDIS: self._harness.redis}
        if self._harness.bucket is not None:
            victims[Kind.KILL_STORE] = self._harness.bucket
        workers = self._harness.workers
        if fault.kind is Kind.STOP_WORKER:
            workers = workers[1:]  # somebody goes on: jobs that were taken from sleepers are to end before these wake
        return victims.get(fault.kind) or workers[int(fault.which * len(workers))]

    async def _hurt(self, part: Part, fault: Fault) -> None:
        if fault.kind is Kind.STEP_CLOCK:
            part.signal(signal.SIGUSR2)
        elif fault.kind is Kind.STOP_WORKER:
            part.signal(signal.SIGSTOP)
            try:
                # On a busy machine whoever takes its job needs longer to end it before it wakes.
                await asyncio.sleep(LEASE + (fault.seconds - LEASE) * self._harness.slowness)
            finally:
                part.signal(signal.SIGCONT)
        else:
            await self._harness.kubelet.kill(part)
