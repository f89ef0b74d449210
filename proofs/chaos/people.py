"""Who asks for jobs, and what they see in the end."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from local_stack import SIMULATED_TOKEN
from proofs.chaos.harness import SIDE
from proofs.chaos.seam import POISON
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.photos import is_negative, plain
from qwenedit_testkit.telegram_calls import answers

if TYPE_CHECKING:
    from proofs.chaos.harness import Harness
    from telegram_simulator.client import Message, Person

EACH = 4
"""Jobs of one person."""
AT_ONCE = 40
"""Unfinished jobs at any time, about: more are not sent until some have ended."""
SENDERS = 4
POISONED = 0.004
CANCELLED = 0.03
IMPATIENCE = (0.0, 3.0)
"""Seconds after which somebody cancels."""
LEVELS = 16
"""Of each channel of a picture's colour: 4,096 colours, one for each job of a run."""
NEAR = 8
"""How far a channel may be off: three JPEGs on the way."""


@dataclass
class Request:
    """A photo with an instruction, and what was seen of its answer."""

    number: int
    person: Person
    poison: bool
    cancel_after: float | None
    may_fail: bool = False
    """Whether ComfyUI was told to refuse it, which no second attempt would change."""
    message: int = 0
    pressed: bool = False
    answers: tuple[Message, ...] = ()

    @property
    def job_id(self) -> str:
        """Of the job that is to come of it."""
        return JobIds(SIMULATED_TOKEN)(self.person.id, self.message)

    @property
    def colour(self) -> tuple[int, ...]:
        """Of the photo."""
        step = 255 // (LEVELS - 1)
        return tuple(self.number // LEVELS**channel % LEVELS * step for channel in range(3))

    @property
    def photo(self) -> bytes:
        """One that no other job of the run has."""
        return plain(self.colour, size=(SIDE, SIDE), kind="PNG")

    def is_answered_by(self, picture: bytes) -> bool:
        """Whether a picture is this one's negative."""
        return is_negative(picture, self.colour, off=NEAR)


@dataclass
class Crowd:
    """People who ask for so many jobs in all."""

    harness: Harness
    jobs: int
    seed: int
    requests: list[Request] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    """Messages of the bot that answer nothing which was asked."""

    async def ask(self) -> None:
        """Send all requests, as fast as they are answered."""
        dice = random.Random(f"people {self.seed}")
        people = [await self.harness.chats.user() for _ in range(-(-self.jobs // EACH))]
        for number in range(self.jobs):
            cancel = dice.uniform(*IMPATIENCE) if dice.random() < CANCELLED else None
            poison = dice.random() < POISONED
            self.requests.append(Request(number, people[number % len(people)], poison, cancel))
        waiting = iter(self.requests)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(SENDERS):
                tasks.create_task(self._send(waiting, tasks))

    async def _send(self, waiting: object, tasks: asyncio.TaskGroup) -> None:
        for request in waiting:  # type: ignore[attr-defined]
            while await self._unfinished() > AT_ONCE:
                await asyncio.sleep(0.1)
            caption = f"{POISON if request.poison else 'make a negative'} {request.number}"
            (request.message,) = await request.person.send(photo=request.photo, caption=caption)
            if request.cancel_after is not None:
                tasks.create_task(self._cancel(request, request.cancel_after))

    async def _cancel(self, request: Request, after: float) -> None:
        await asyncio.sleep(after)
        for message in (await request.person.snapshot()).from_bot:
            if message.reply_to == request.message and any("Cancel" in label for label in message.now.labels):
                await request.person.press_data(message.id, f"cancel:{request.job_id}")
                request.pressed = True

    async def _unfinished(self) -> int:
        """Count jobs in Redis, and messages that the bot has not made jobs of or has not fetched yet."""
        try:
            updates = await Lanes(self.harness.client, Keys().inbox).occupancy()
            not_fetched = (await self.harness.chats.bot())["pending"]
            return await self.harness.unfinished() + updates.waiting + not_fetched
        except RedisError:
            return AT_ONCE + 1

    async def idle(self) -> bool:
        """Whether nothing is left to do for bot and workers."""
        try:
            return not await self._unfinished() and not await self.harness.client.xlen("qwenedit:events")
        except RedisError:
            return False

    def jobs_of(self) -> dict[int, set[str]]:
        """Return the ids of each person's jobs."""
        found = defaultdict[int, set[str]](set)
        for request in self.requests:
            found[request.person.id].add(request.job_id)
        return found

    async def look(self) -> None:
        """Read everybody's chat."""
        self.strays.clear()
        people = {request.person.id: request.person for request in self.requests}
        for person in people.values():
            mine = {request.message: request for request in self.requests if request.person is person}
            seen = await answers(person)
            for number, request in mine.items():
                request.answers = tuple(seen.pop(number, ()))
            self.strays += [f"to {person.id}: {message.text!r}" for each in seen.values() for message in each]
