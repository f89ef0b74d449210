"""What a hundred busy GPUs ask of one Redis and one bot, and how long people and workers wait for them.

Real: the bot and Redis as processes, and the worker's own loop a hundred times, in processes of 25. Simulated:
Telegram and its people, and the edit, which takes its seconds and no processor. Photos are 1.2 megapixels as Telegram
makes them, results PNGs as a model writes them.

At 10 photos a second, edits of 9 s keep 90 of 100 workers busy. On a machine that is too small for the simulators, ask
for fewer a second: the share of each process says what is missing. With `--backlog 10000` so many jobs wait first, and
people send photos beside them. Workers then take the backlog, and the run ends before they reach those photos. Such a
queue needs a bucket: Redis takes no job for whose result it has no room.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from aiogram.utils.token import extract_bot_id

from benchmarks.capacity import result
from benchmarks.hundred.workers import READY, Noted, Told
from local_stack import SIMULATED_TOKEN, Part, RedisServer, bare_environment, by_line, python_module
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_jobs import Edit, Job, Keys, Limits, RedisPictureStore, RedisSettings, ReplyTo, connect, input_ref
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_testkit.object_server import Versitygw
from qwenedit_testkit.people import Sender
from qwenedit_testkit.photos import SMALL, phone_photo, photo
from qwenedit_testkit.processes import MEBIBYTE, processor_seconds_in_all, resident_in_all
from qwenedit_testkit.programs import command_line, seconds, whole
from qwenedit_testkit.system import System
from qwenedit_testkit.telegram_calls import Record, first_answers, share
from qwenedit_testkit.waiting import background

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKERS_A_PROCESS = 25
PEOPLE = 400
BUCKET = "hundred"
MANY = "1000000"
A_DAY = 86_400
"""Seconds for which the backlog's photos are kept, longer than any of it waits."""
START = 5.0
"""Seconds before the first photo, for what a process does once."""
WARM_UP = 2
"""Edits of each worker that are not measured."""
LOOK_EVERY = 5.0
FIRST_MESSAGE = 1_000_000
"""Number of a message that no person has sent."""
AT_ONCE = 20
"""Jobs of the backlog that are made side by side."""
SHOWN = 10
"""Complaints of workers that are printed."""
PATIENCE = 120.0
"""Seconds after the last photo until a job counts as lost."""


@dataclass(slots=True)
class Figures:
    """What came of it."""

    sent: int = 0
    lost: int = 0
    seconds: float = 0.0
    claims: list[Noted] = field(default_factory=list)
    pickup: list[float] = field(default_factory=list)
    """Seconds from a job's acceptance, by Redis' clock, to its claim by an idle worker."""
    placeholder: list[float] = field(default_factory=list)
    """Seconds from a photo to the bot's first word about it."""
    """Updates and answers that had to wait in the bot, by the limit that they waited for."""
    shares: dict[str, float] = field(default_factory=dict)
    """Of one processor, by process."""
    memory: dict[str, float] = field(default_factory=dict)
    """MB, the most that was seen."""
    used: float = 0.0
    """MB of data in Redis."""
    commands: float = 0.0
    """Of Redis, a second."""
    calls: Counter[str] = field(default_factory=Counter)
    """Of the bot, by method; those that Telegram refused as too fast are counted as `429`."""
    complaints: list[str] = field(default_factory=list)
    """What workers logged; nothing is expected."""

    def note(self, worker: str, line: str) -> None:
        """Take a line of a worker."""
        if line.startswith("{"):
            self.claims.append(Noted(**json.loads(line)))
        else:
            self.complaints.append(f"{worker}: {line}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    rate: float
    workers: int
    edit: float
    duration: float
    backlog: int
    bucket: bool


class Hundred(System):
    """The product with its many workers. The pictures lie in Redis or in a bucket."""

    def __init__(self, folder: Path, plan: Plan, *, maxmemory: str) -> None:
        policy = ("--maxmemory", maxmemory, "--maxmemory-policy", "noeviction")
        super().__init__(folder, redis=RedisServer(folder / "redis", options=policy), comfyuis=0)
        self._plan = plan
        self.store_server = self.add(Versitygw(folder / "objects")) if plan.bucket else None
        self.pictures_url = f"s3://{BUCKET}/pictures" if plan.bucket else "redis:"
        self.variables = {"PICTURES_URL": self.pictures_url}
        if self.store_server is not None:
            self.variables |= self.store_server.settings()
        self.the_bot = self.bot(
            MAX_UNFINISHED_JOBS_PER_USER=MANY, MAX_QUEUE_LENGTH=MANY, BOT_LOG_LEVEL="WARNING", **self.variables
        )
        self.workers = [
            self._make_workers(folder, number, min(WORKERS_A_PROCESS, plan.workers - first))
            for number, first in enumerate(range(0, plan.workers, WORKERS_A_PROCESS))
        ]

    async def _prepare(self) -> None:
        if self.store_server is not None:
            await self.start(self.store_server)
            await self.store_server.make_bucket(BUCKET)
        await self.start(self.the_bot)

    def _make_workers(self, folder: Path, number: int, count: int) -> Part:
        path, picture = folder / f"workers-{number}.json", folder / "result.png"
        if not picture.exists():
            picture.write_bytes(result())
        names = tuple(f"worker-{number}-{each}" for each in range(count))
        Told(self.redis.url, self.pictures_url, names, self._plan.edit, str(picture)).write(path)
        command = python_module("benchmarks.hundred.workers", str(path))
        env = bare_environment(**self.variables)
        return self.add(Part(f"workers-{number + 1}", command, env=env, ready=by_line(f"^{READY}$")))


async def measure(folder: Path, plan: Plan, *, maxmemory: str) -> Figures:
    """Have people send photos for so many seconds, and see what came of it."""
    figures = Figures()
    async with Hundred(folder, plan, maxmemory=maxmemory) as system:
        senders = [Sender(await system.chats.user()) for _ in range(PEOPLE)]
        if plan.backlog:
            await _fill(system, plan.backlog)
        await system.start(*system.workers)
        for part in system.workers:
            part.listener = figures.note
        record = Record(system.chats)
        watched = {
            "bot": system.the_bot, "Redis": system.redis, "Telegram": system.telegram,
            **({"store": system.store_server} if system.store_server else {}),
            **{part.name: part for part in system.workers},
        }  # fmt: skip
        async with background(record.keep_looking(LOOK_EVERY), _watch_memory(watched, figures)):
            await _send(senders, rate=plan.rate, duration=START + WARM_UP * plan.edit)
            before, commands = _spent(watched), await _commands(system)
            began = time.time()
            sent = await _send(senders, rate=plan.rate, duration=plan.duration)
            figures.seconds = time.time() - began
            figures.shares = {name: (spent - before[name]) / figures.seconds for name, spent in _spent(watched).items()}
            figures.commands = (await _commands(system) - commands) / figures.seconds
            figures.used = (await system.client.info("memory"))["used_memory"] / MEBIBYTE
            if not plan.backlog:
                figures.lost = await _until_answered(senders)
        await record.look()
        figures.sent = sent
        first = first_answers(record.calls)
        took = [(each.at, first.get((sender.person.chat_id, each.id))) for sender in senders for each in sender.sent]
        figures.placeholder = [max(0.0, said - at) for at, said in took if said is not None and at >= began]
        calls = [call for call in record.calls if began <= call.at <= began + figures.seconds]
        figures.calls.update("429" if call.status == HTTPStatus.TOO_MANY_REQUESTS else call.method for call in calls)
        figures.claims = [claim for claim in figures.claims if began <= claim.at <= began + figures.seconds]
        figures.pickup = await _pickups(system, figures.claims)
    return figures


async def _fill(system: Hundred, count: int) -> None:
    """Have jobs wait as if the bot had accepted them, with people and messages that are there, and small photos."""
    people = [await system.chats.user() for _ in range(PEOPLE)]
    for person in people:
        await person.send("hello")  # before that no bot may write to them
    await asyncio.gather(*(person.wait_for(lambda chat: any(chat.from_bot), PATIENCE) for person in people))
    settings, data, free = RedisSettings(redis_url=system.redis.url), photo(size=SMALL), asyncio.Semaphore(AT_ONCE)
    ids, keys = JobIds(SIMULATED_TOKEN), BotKeys(prefix=Keys().prefix, bot_id=extract_bot_id(SIMULATED_TOKEN))
    many = Limits(max_queue_length=int(MANY), max_unfinished_per_user=int(MANY))
    os.environ.update(system.variables)
    await system.chats.limit(enabled=False)
    async with (
        connect(settings, decode=False) as raw,
        aiohttp.ClientSession(f"{system.telegram.url}/bot{SIMULATED_TOKEN}/", raise_for_status=True) as api,
    ):
        store = open_objects(system.pictures_url) or RedisPictureStore(raw, Keys(), ttl=A_DAY)

        async def wait_in_line(number: int) -> None:
            chat = people[number % len(people)].chat_id
            source = FIRST_MESSAGE + number
            identity = ids(chat, source)
            ref = input_ref(identity, 0)
            async with free:
                async with api.post("sendMessage", json={"chat_id": chat, "text": "⏳"}) as reply:
                    placeholder = (await reply.json())["result"]["message_id"]
                await store.put(ref, data)
                await system.client.set(keys.reply(chat, source), placeholder, ex=A_DAY)
                reply_to = ReplyTo(chat_id=chat, placeholder_id=placeholder, source_message_id=source, language="en")
                edit = Edit(prompt="make it snow", pictures=(ref,), seed=number)
                await system.queue.enqueue(Job(id=identity, user_id=chat, edit=edit, reply=reply_to), many)

        await asyncio.gather(*(wait_in_line(number) for number in range(count)))
    await system.chats.limit(enabled=True)


async def _send(senders: Sequence[Sender], *, rate: float, duration: float) -> int:
    """Have people send photos at an even pace, by turns; returns how many."""
    taken, began, number = phone_photo(), time.monotonic(), 0
    async with asyncio.TaskGroup() as sending:
        while (due := began + number / rate) < began + duration:
            await asyncio.sleep(due - time.monotonic())
            sending.create_task(senders[number % len(senders)].send_photo(taken))
            number += 1
    return number


async def _until_answered(senders: Sequence[Sender]) -> int:
    """Wait until each photo has its picture; returns how many have none."""
    deadline, left = time.monotonic() + PATIENCE, list(senders)
    while True:
        open_jobs = {sender.person.id: await _open(sender) for sender in left}
        left = [sender for sender in left if open_jobs[sender.person.id]]
        if not left or time.monotonic() > deadline:
            return sum(open_jobs.values())
        await asyncio.sleep(1)


async def _open(sender: Sender) -> int:
    return sum(not answer.complete for answer in await sender.answers())


async def _pickups(system: Hundred, claims: Sequence[Noted]) -> list[float]:
    pipeline = system.client.pipeline(transaction=False)
    idle = [claim for claim in claims if claim.waited]
    for claim in idle:
        pipeline.hget(Keys().job(claim.job), "enqueued_at")
    accepted = await pipeline.execute()
    return [claim.at - int(at) / 1000 for claim, at in zip(idle, accepted, strict=True) if at is not None]


async def _commands(system: Hundred) -> int:
    return int((await system.client.info("stats"))["total_commands_processed"])


def _spent(parts: Mapping[str, Part]) -> dict[str, float]:
    return {name: processor_seconds_in_all(part.pid) for name, part in parts.items()} | {"people": sum(os.times()[:2])}


async def _watch_memory(parts: Mapping[str, Part], figures: Figures) -> None:
    while True:
        for name, part in parts.items():
            figures.memory[name] = max(figures.memory.get(name, 0.0), resident_in_all(part.pid) / MEBIBYTE)
        await asyncio.sleep(1)


def report(figures: Figures, plan: Plan) -> str:
    """Say it all."""
    at_once = [claim.asked for claim in figures.claims if not claim.waited]
    came = f"{figures.calls['editMessageMedia']} pictures in them; lost {figures.lost}"
    lines = [
        f"{figures.sent} photos in {figures.seconds:.0f} s ({figures.sent / figures.seconds:.1f}/s), {came}",
        _times("pickup by an idle worker", figures.pickup),
        _times("next job of a busy worker", at_once),
        _times("photo to placeholder", figures.placeholder),
        "calls a second: " + ", ".join(f"{name} {n / figures.seconds:.1f}" for name, n in figures.calls.most_common()),
        f"Redis: {figures.commands:.0f} commands a second, {figures.used:.0f} MB of data",
        *figures.complaints[:SHOWN],
        "",
        f"{'process':12} {'of a processor':>14} {'at 10 pictures/s':>17} {'MB at most':>11}",
    ]
    done = max(1, len(figures.claims)) / figures.seconds
    for name, part in figures.shares.items():
        memory = f"{figures.memory[name]:11.0f}" if name in figures.memory else ""
        lines.append(f"{name:12} {100 * part:13.1f}% {100 * part / done * 10:16.1f}% {memory}")
    lines.append(f"{'all':12} {100 * sum(figures.shares.values()):13.1f}%")
    lines.append(
        f"{done:.1f} claims a second by {plan.workers} workers; load average of the machine {os.getloadavg()[0]:.1f}"
        f" on {os.cpu_count()} processors"
    )
    return "\n".join(lines)


def _times(what: str, values: list[float]) -> str:
    told = ", ".join(f"{name} {1000 * share(values, part):.1f} ms" for name, part in (("p50", 0.5), ("p99", 0.99)))
    return f"{what + ':':27} {told}, longest {1000 * max(values, default=0):.0f} ms, of {len(values)}"


async def main() -> int:
    """Run it and print the report; 1 where a job was lost or a worker complained."""
    parser = command_line(__doc__)
    parser.add_argument("--rate", type=seconds, default=10, help="photos a second (%(default)s)")
    parser.add_argument("--workers", type=whole(), default=100, help="(%(default)s)")
    parser.add_argument("--edit", type=seconds, default=9, help="seconds of an edit (%(default)s)")
    parser.add_argument("--duration", type=seconds, default=30, help="seconds that are measured (%(default)s)")
    parser.add_argument("--backlog", type=whole(least=0), default=0, help="jobs that wait first (%(default)s)")
    parser.add_argument("--bucket", action="store_true", help="pictures lie in a store of objects")
    parser.add_argument("--maxmemory", default="4gb", help="of Redis (%(default)s)")
    options = parser.parse_args()
    bucket = options.bucket or options.backlog > 0
    plan = Plan(options.rate, options.workers, options.edit, options.duration, options.backlog, bucket)
    print(f"{plan}; Python {platform.python_version()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hundred-") as folder:
        figures = await measure(Path(folder), plan, maxmemory=options.maxmemory)
    print(report(figures, plan))
    return int(figures.lost > 0 or bool(figures.complaints))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
