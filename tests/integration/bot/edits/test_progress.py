"""Progress against a real queue; Telegram is a list of the edits that were made."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, cast
from unittest.mock import AsyncMock

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat.errors import ChatUnreachableError, LaterError
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.edits.delivery import Answering, Deliver
from qwenedit_bot.edits.progress import updater
from qwenedit_bot.edits.progress.eta import Eta
from qwenedit_bot.edits.progress.updater import ProgressUpdater
from qwenedit_bot.payments.quotas import Quotas
from qwenedit_bot.pictures.bound import Bound
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Texts
from qwenedit_jobs import (
    Done,
    Edit,
    Events,
    Fail,
    Job,
    Keys,
    Phase,
    Reason,
    RedisPictureStore,
    Release,
    ReplyTo,
    Result,
    durations,
    job_id,
)
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.queue.intake import QueueLimits
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_testkit.job_queue import JobQueue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.view import Source, View
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_jobs import Status
    from qwenedit_testkit.clock import Clock

MANY = QueueLimits(max_unfinished_per_user=100)


class Chat:
    """What `ProgressUpdater` says, message by message."""

    def __init__(self) -> None:
        self.edits: list[tuple[int, str]] = []
        self.repairs: list[str] = []
        self.busy = False
        self.blocked = False
        self.until = 0.0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def followed(self, to: Source) -> Source:
        return to

    async def ready(self, _chat_id: int, *, edit: bool) -> None:
        """Say at once that it is."""

    async def edit_if_cheap(self, _chat_id: int, message_id: int, view: View, *, until: float) -> bool | None:
        self.until = until
        if self.blocked:
            raise ChatUnreachableError
        if self.busy:
            return None
        self.edits.append((message_id, view.text.partition("\n\n")[0]))  # without the job's name
        if self.meanwhile is not None:
            await self.meanwhile()
        return True

    async def edit(self, _chat_id: int, _message_id: int, view: View) -> bool:
        self.repairs.append(view.text)
        return True


PRESETS = catalogue.load(None)


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, Keys())


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def eta(redis: Redis) -> Eta:
    return Eta(redis, Keys(), Workers(redis, Keys()))


@pytest.fixture
def answers(redis: Redis) -> Lanes:
    return Lanes(redis, Keys().answers, name="bot")


@pytest.fixture
def progress(queue: JobQueue, chat: Chat, clock: Clock, eta: Eta) -> ProgressUpdater:
    messenger = cast("Messenger", chat)
    return ProgressUpdater(
        queue=queue,
        messenger=messenger,
        texts=Texts(),
        eta=eta,
        presets=PRESETS,
        clock=clock,
    )


@pytest.fixture
def deliver(redis: Redis, queue: JobQueue, chat: Chat, bot_keys: BotKeys, eta: Eta, answers: Lanes) -> Deliver:
    messenger = cast("Messenger", chat)
    store = RedisPictureStore(redis, Keys(), ttl=60)
    quotas = Quotas(redis, bot_keys, per_day=None, exempt=frozenset())
    return Deliver(
        queue=queue,
        answering=Answering(
            store=store,
            results=Results(store, Bound("memory", 1), tool="t"),
            messenger=messenger,
            replies=Replies(redis, bot_keys, messenger),
            texts=Texts(),
            quotas=quotas,
            moderation=None,
            presets=PRESETS,
        ),
        metrics=BotMetrics(CollectorRegistry()),
        eta=eta,
        quotas=quotas,
        backlog=cast("Backlog", AsyncMock()),
    )


async def answer_all(answers: Lanes, deliver: Deliver) -> None:
    """Give all answers that are due, as the scheduler does."""
    while rows := (await answers.next(10))[0]:
        for row in rows:
            try:
                await deliver(row)
            except LaterError as later:
                await answers.park(row, later.after, alone=later.apart)
            else:
                await answers.done(row)


@pytest.fixture
async def worker(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Presence:
    """Let a worker be up that has no job, for as long as a test takes."""
    monkeypatch.setattr(durations, "FORGOTTEN_WORKER", 3600)
    presence = Presence(worker="w", since=1.0, ready=True, draining=False)
    await Workers(redis, Keys()).beat(presence)
    return presence


async def enqueue(queue: JobQueue, number: int) -> str:
    reply = ReplyTo(chat_id=7, placeholder_id=number, source_message_id=number, language="en")
    job = Job(
        id=job_id(7, number, key=b"tests"), user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=reply
    )
    await queue.enqueue(job, MANY)
    return job.id


async def enqueue_a_line(queue: JobQueue, length: int) -> None:
    """Let so many people wait, each in a chat of their own."""
    limits = QueueLimits(max_unfinished_per_user=10_000, max_queue_length=10_000)
    for number in range(1, length + 1):
        reply = ReplyTo(chat_id=number, placeholder_id=number, source_message_id=number, language="en")
        edit = Edit(prompt="snow", pictures=("p",), seed=1)
        await queue.enqueue(Job(id=f"job{number}", user_id=number, edit=edit, reply=reply), limits)


async def test_steps_wait_for_their_time_and_phases_do_not(
    queue: JobQueue, progress: ProgressUpdater, chat: Chat, clock: Clock
) -> None:
    job = await enqueue(queue, 1)
    await progress.tick()
    await queue.claim(worker="w", token="t", lease=30)
    await progress.tick()
    await queue.heartbeat(job, "t", phase=Phase.EDITING, step=1, steps=4)
    await progress.tick()
    await queue.heartbeat(job, "t", phase=Phase.EDITING, step=2, steps=4)
    await progress.tick()
    clock.now += 4.0
    await progress.tick()
    await progress.tick()
    assert [text.splitlines()[0] for _message, text in chat.edits] == [
        "⏳ You're next in line.",
        "🚀 Your turn: starting…",
        "🎨 Editing: step 1 of 4",
        "🎨 Editing: step 2 of 4",
    ]


@pytest.mark.parametrize("how", ["edit seen", "leader killed"])
@pytest.mark.parametrize("end", ["failed", "done in words", "cancelled"])
async def test_last_words_are_put_back_where_a_late_edit_overwrote_them(
    redis: Redis,
    queue: JobQueue,
    progress: ProgressUpdater,
    chat: Chat,
    answers: Lanes,
    deliver: Deliver,
    how: str,
    end: str,
) -> None:
    """The job ends, and is answered, while an edit of its progress is on the way; that lands last."""
    job = await enqueue(queue, 1)
    await queue.claim(worker="w", token="t", lease=30)
    events = Events(redis, Keys(), answers)

    async def meanwhile() -> None:
        if end == "failed":
            await queue.settle(job, "t", Fail(Reason.TIMEOUT))
        elif end == "cancelled":
            await queue.cancel(job)
            await queue.settle(job, "t", Release())
        else:
            await queue.settle(job, "t", Done(Result(picture=f"{job}:out:gone", seed=1, seconds=1.0)))
        await events.drain()
        await answer_all(answers, deliver)
        if how == "leader killed":
            raise asyncio.CancelledError

    chat.meanwhile = meanwhile
    ended = suppress(asyncio.CancelledError) if how == "leader killed" else nullcontext()
    with ended:
        await progress.tick()
    chat.meanwhile = None
    assert len(chat.repairs) == 1
    await answer_all(answers, deliver)
    assert len(chat.repairs) == 1
    for _ in range(2):
        await answers.make_due_apart("7")
        await answer_all(answers, deliver)
        assert len(chat.repairs) == 2
    assert chat.repairs[0] == chat.repairs[1]
    assert (await answers.occupancy()).waiting == 0


@pytest.mark.usefixtures("worker")
async def test_tick_looks_at_a_part_of_a_line_of_ten_thousand_and_comes_to_all_of_it(
    redis: Redis, queue: JobQueue, progress: ProgressUpdater, chat: Chat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updater, "LINE", 500)
    await enqueue_a_line(queue, 2_000)
    read = 0
    statuses = queue.statuses

    async def counted(ids: Iterable[str]) -> list[Status]:
        nonlocal read
        asked = list(ids)
        read += len(asked)
        return await statuses(asked)

    monkeypatch.setattr(queue, "statuses", counted)
    for _ in range(4):
        read = 0
        await progress.tick()
        assert read <= 500
        clock.now += 1
    shown = dict(chat.edits)
    assert len(shown) == 2_000
    assert shown[1].startswith("⏳ You're next in line.")
    assert shown[1_234] == "⏳ Place in line: 1,234"


@pytest.mark.usefixtures("worker")
async def test_user_who_blocked_the_bot_does_not_stop_the_others_messages(
    queue: JobQueue, progress: ProgressUpdater, chat: Chat
) -> None:
    await enqueue(queue, 1)
    chat.blocked = True
    await progress.tick()
    chat.blocked = False
    await enqueue(queue, 2)
    await progress.tick()
    assert [message for message, _text in chat.edits] == [2]


async def test_gpu_that_must_be_woken_is_said_to_be(
    redis: Redis, queue: JobQueue, progress: ProgressUpdater, chat: Chat, clock: Clock
) -> None:
    await enqueue(queue, 1)
    await progress.tick()
    assert chat.edits == [(1, "⏳ You're next in line.\n🔌 Waking up the server, which can take a few minutes")]
    clock.now += 73
    presence = Presence(worker="w", since=1.0, ready=False, draining=False)
    await Workers(redis, Keys()).beat(presence)  # its ComfyUI still loads
    await progress.tick()
    clock.now += 4
    await Workers(redis, Keys()).beat(presence.model_copy(update={"ready": True}))
    await progress.tick()
    assert chat.edits[1:] == [(1, "⏳ You're next in line.")]
    await Workers(redis, Keys()).leave("w")
    clock.now += 4.0
    await progress.tick()
    assert chat.edits[-1][1].endswith("🔌 Waking up the server, which can take a few minutes")


@pytest.mark.usefixtures("worker")
async def test_group_is_edited_less_often(queue: JobQueue, progress: ProgressUpdater, chat: Chat, clock: Clock) -> None:
    for number, chat_id in ((1, 7), (2, -7)):
        reply = ReplyTo(chat_id=chat_id, placeholder_id=number, source_message_id=number, language="en")
        edit = Edit(prompt="snow", pictures=("p",), seed=1)
        await queue.enqueue(Job(id=f"job{number}", user_id=7, edit=edit, reply=reply), MANY)
    claims = [await queue.claim(worker=f"w{n}", token=f"t{n}", lease=600) for n in (1, 2)]
    for step in range(20):
        for claim in claims:
            assert claim is not None
            await queue.heartbeat(claim.job.id, claim.token, phase=Phase.EDITING, step=step + 1, steps=20)
        await progress.tick()
        clock.now += 4
    edits = [message for message, _text in chat.edits]
    assert (edits.count(1), edits.count(2)) == (20, 5)
