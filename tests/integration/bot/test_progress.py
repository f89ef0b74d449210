"""Progress against a real queue; Telegram is a list of the edits that were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot.accounts import Accounts
from qwenedit_bot.deliver import Deliver
from qwenedit_bot.errors import ChatUnreachableError
from qwenedit_bot.experience import Experience
from qwenedit_bot.metrics import BotMetrics
from qwenedit_bot.moderation import Unmoderated
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.progress import EDIT_EVERY, Progress
from qwenedit_bot.recent import Recent
from qwenedit_bot.replies import Replies
from qwenedit_bot.tally import Tally
from qwenedit_bot.texts import Texts
from qwenedit_jobs import Edit, Job, JobQueue, Keys, Phase, Reason, RedisPictureStore, ReplyTo, job_id
from qwenedit_jobs.presence import Presence, Workers
from qwenedit_jobs.queue import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys
    from qwenedit_bot.messenger import Messenger
    from qwenedit_bot.undelivered import Undelivered
    from qwenedit_bot.views import View

MANY = Limits(max_unfinished_per_user=100)


class Chat:
    """What `Progress` says, message by message."""

    def __init__(self) -> None:
        self.edits: list[tuple[int, str]] = []
        self.repairs: list[str] = []
        self.actions: list[int] = []
        self.busy = False
        self.blocked = False
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def edit_if_cheap(self, _chat_id: int, message_id: int, view: View) -> bool | None:
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

    async def show_activity(self, chat_id: int) -> None:
        self.actions.append(chat_id)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, Keys())


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(redis: Redis, queue: JobQueue, chat: Chat, clock: Clock, bot_keys: BotKeys) -> Progress:
    texts = Texts(default="en")
    experience = Experience(redis, bot_keys, Workers(redis, Keys()), paused_key=Keys().paused)
    messenger = cast("Messenger", chat)
    store = RedisPictureStore(redis, Keys(), ttl=60)
    deliver = Deliver(
        queue=queue,
        store=store,
        results=Results(store, Converter(), Budget("memory", 1)),
        messenger=messenger,
        replies=Replies(redis, bot_keys, messenger),
        texts=texts,
        metrics=BotMetrics(CollectorRegistry()),
        experience=experience,
        answered=Recent(most=1),
        tally=Tally(redis, bot_keys),
        accounts=Accounts(redis, bot_keys, per_day=None, exempt=frozenset()),
        moderation=Unmoderated(),
        undelivered=cast("Undelivered", None),
    )
    return Progress(queue=queue, messenger=messenger, deliver=deliver, texts=texts, experience=experience, clock=clock)


@pytest.fixture
async def worker(redis: Redis) -> Presence:
    """Let a worker be up that has no job."""
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


@pytest.mark.usefixtures("worker")
async def test_places_in_line_are_shown_and_move(queue: JobQueue, progress: Progress, chat: Chat, clock: Clock) -> None:
    for number in (1, 2, 3):
        await enqueue(queue, number)
    await progress.tick()
    assert sorted(chat.edits) == [
        (1, "⏳ You are next in line."), (2, "⏳ Place in line: 2"), (3, "⏳ Place in line: 3"),
    ]  # fmt: skip
    chat.edits.clear()
    await queue.claim(worker="w", token="t", lease=30)
    clock.now += EDIT_EVERY
    await progress.tick()
    assert sorted(chat.edits) == [
        (1, "🚀 Your turn: starting…"), (2, "⏳ You are next in line."), (3, "⏳ Place in line: 2"),
    ]  # fmt: skip


async def test_steps_wait_for_their_time_and_phases_do_not(
    queue: JobQueue, progress: Progress, chat: Chat, clock: Clock
) -> None:
    job = await enqueue(queue, 1)
    await progress.tick()
    await queue.claim(worker="w", token="t", lease=30)
    await progress.tick()
    await queue.progress(job, "t", Phase.EDITING, step=1, steps=4)
    await progress.tick()
    await queue.progress(job, "t", Phase.EDITING, step=2, steps=4)
    await progress.tick()
    clock.now += EDIT_EVERY
    await progress.tick()
    await progress.tick()
    assert [text.splitlines()[0] for _message, text in chat.edits] == [
        "⏳ You are next in line.", "🚀 Your turn: starting…", "🎨 Editing: step 1 of 4", "🎨 Editing: step 2 of 4",
    ]  # fmt: skip


async def test_an_edit_for_which_there_is_no_room_is_made_later_with_what_is_true_then(
    queue: JobQueue, progress: Progress, chat: Chat
) -> None:
    await enqueue(queue, 1)
    chat.busy = True
    await progress.tick()
    await queue.claim(worker="w", token="t", lease=30)
    chat.busy = False
    await progress.tick()
    assert [text for _message, text in chat.edits] == ["🚀 Your turn: starting…"]


async def test_the_last_words_are_put_back_where_a_late_edit_overwrote_them(
    queue: JobQueue, progress: Progress, chat: Chat
) -> None:
    job = await enqueue(queue, 1)
    await queue.claim(worker="w", token="t", lease=30)
    chat.meanwhile = lambda: queue.fail(job, "t", Reason.TIMEOUT)
    await progress.tick()
    assert [text[:20] for text in chat.repairs] == ["😔 This took too long"[:20]]


async def test_an_activity_is_shown_while_a_job_runs_and_not_too_often(
    queue: JobQueue, progress: Progress, chat: Chat, clock: Clock
) -> None:
    await enqueue(queue, 1)
    await progress.tick()
    assert chat.actions == []
    await queue.claim(worker="w", token="t", lease=30)
    for _second in range(10):
        await progress.tick()
        clock.now += 1
    assert chat.actions == [7, 7]


async def test_a_user_who_blocked_the_bot_does_not_stop_the_others_messages(
    queue: JobQueue, progress: Progress, chat: Chat
) -> None:
    await enqueue(queue, 1)
    chat.blocked = True
    await progress.tick()
    chat.blocked = False
    await enqueue(queue, 2)
    await progress.tick()
    assert [message for message, _text in chat.edits] == [2]


@pytest.mark.usefixtures("worker")
async def test_a_job_that_nobody_waits_for_is_left_alone(queue: JobQueue, progress: Progress, chat: Chat) -> None:
    edit = Edit(prompt="snow", pictures=("p",), seed=1)
    await queue.enqueue(Job(id="selftest", user_id=0, edit=edit, reply=None), MANY)
    await enqueue(queue, 1)
    await progress.tick()
    assert chat.edits == [(1, "⏳ Place in line: 2")]


async def test_a_gpu_that_must_be_woken_is_said_to_be_and_its_usual_time_is_learnt(
    redis: Redis, queue: JobQueue, progress: Progress, chat: Chat, clock: Clock
) -> None:
    await enqueue(queue, 1)
    await progress.tick()
    assert chat.edits == [(1, "⏳ You are next in line.\n🔌 Waking a GPU, which may take a few minutes")]
    clock.now += 73
    presence = Presence(worker="w", since=1.0, ready=False, draining=False)
    await Workers(redis, Keys()).beat(presence)  # its ComfyUI still loads
    await progress.tick()
    clock.now += 4
    await Workers(redis, Keys()).beat(presence.model_copy(update={"ready": True}))
    await progress.tick()
    assert chat.edits[1:] == [(1, "⏳ You are next in line.")]
    await Workers(redis, Keys()).leave("w")
    clock.now += EDIT_EVERY
    await progress.tick()
    assert chat.edits[-1][1].endswith("🔌 Waking a GPU, usually 80\u00a0s")


@pytest.mark.usefixtures("worker")
async def test_recent_jobs_teach_when_the_next_ones_are_ready(
    redis: Redis, bot_keys: BotKeys, queue: JobQueue, progress: Progress, chat: Chat
) -> None:
    experience = Experience(redis, bot_keys, Workers(redis, Keys()), paused_key=Keys().paused)
    for seconds in (400.0, 31.0, 33.0, 2.0, 32.0):
        await experience.note_duration(None, seconds)
    for number in (1, 2, 3):
        await enqueue(queue, number)
    await progress.tick()
    assert [text.partition("\n")[2] for _message, text in chat.edits] == [
        "Ready in about 40\u00a0s", "Ready in about 70\u00a0s", "Ready in about 2\u00a0min",
    ]  # fmt: skip


@pytest.mark.usefixtures("worker")
async def test_a_group_is_edited_less_often(queue: JobQueue, progress: Progress, chat: Chat, clock: Clock) -> None:
    for number, chat_id in ((1, 7), (2, -7)):
        reply = ReplyTo(chat_id=chat_id, placeholder_id=number, source_message_id=number, language="en")
        edit = Edit(prompt="snow", pictures=("p",), seed=1)
        await queue.enqueue(Job(id=f"job{number}", user_id=7, edit=edit, reply=reply), MANY)
    claims = [await queue.claim(worker=f"w{n}", token=f"t{n}", lease=600) for n in (1, 2)]
    for step in range(20):
        for claim in claims:
            assert claim is not None
            await queue.progress(claim.job.id, claim.token, Phase.EDITING, step=step + 1, steps=20)
        await progress.tick()
        clock.now += 4
    edits = [message for message, _text in chat.edits]
    assert (edits.count(1), edits.count(2)) == (20, 5)
    assert chat.actions.count(7) > chat.actions.count(-7) > 0
