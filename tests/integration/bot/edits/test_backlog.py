"""Requests beyond a user's limit of unfinished jobs wait, and follow by themselves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.edits.requests.backlog import MOST, Backlog
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Texts
from qwenedit_jobs import Reason
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

RESULT = photo("PNG")
ANN = 7
IDS = JobIds("42:TEST")
TEXTS = Texts()
WORDS = TEXTS.of("en")

on_stage = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def ann(stage: Any) -> Any:
    return await stage.telegram.user()


def instructions(statuses: list[Any]) -> list[str]:
    return sorted(status.job.edit.prompt for status in statuses)


@on_stage
async def test_backlog_follows_in_order_as_jobs_are_answered(stage: Any, ann: Any) -> None:
    sent = [(await ann.send(photo=photo(), caption=f"wish {number}"))[0] for number in range(5)]
    await ann.wait_for(lambda chat: sum("I'll begin as soon as" in (each.text or "") for each in chat.from_bot) == 2)
    assert instructions(await stage.jobs(3)) == ["wish 0", "wish 1", "wish 2"]
    await ann.send("/status")
    await ann.says("2 more follow by themselves.")
    for number in range(5):
        claim = await stage.worker.finish_next(RESULT)
        assert claim.job.edit.prompt == f"wish {number}"
        picture = await ann.picture(number=number + 1)
        assert picture.reply_to == sent[number]
    assert await stage.worker.queue.unfinished_ids() == []


@on_stage
async def test_backlog_ends_with_stop_and_its_messages_go(stage: Any, ann: Any) -> None:
    for number in range(5):
        await ann.send(photo=photo(), caption=f"wish {number}")
    await ann.wait_for(lambda chat: sum("I'll begin as soon as" in (each.text or "") for each in chat.from_bot) == 2)
    await ann.press("Cancel", message_id=(await ann.snapshot()).from_bot[-1].id)
    await ann.wait_for(lambda chat: chat.answers and chat.answers[-1].text == "Cancelled")
    await ann.send("/cancel")
    await ann.says("4 pictures")
    await stage.eventually(stage.nothing_waits)
    assert await stage.worker.queue.unfinished_ids() == []
    assert not any("I'll begin" in (each.text or "") for each in (await ann.snapshot()).from_bot)


@on_stage
async def test_backlog_follows_a_failure(stage: Any, ann: Any) -> None:
    for number in range(4):
        await ann.send(photo=photo(), caption=f"wish {number}")
    await ann.says("I'll begin as soon as")
    await stage.worker.fail(await stage.worker.claim(), Reason.EXECUTION_FAILED)

    async def followed() -> bool:
        jobs = await stage.worker.queue.statuses(await stage.worker.queue.unfinished_ids())
        return instructions(jobs) == ["wish 1", "wish 2", "wish 3"]

    await stage.eventually(followed)


class Submitting:
    """Stands in for `Submit`, with room for some jobs."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.taken: list[Request] = []
        self.given_back: list[str] = []
        self.error: Exception | None = None

    async def known(self, job_id: str) -> bool:
        return job_id in [request.job_id for request in self.taken]

    async def __call__(self, request: Request, _words: Any) -> RequestOutcome:
        if await self.known(request.job_id):
            return RequestOutcome.ACCEPTED
        if self.error is not None:
            raise self.error
        if len(self.taken) >= self.room:
            return RequestOutcome.WAITS
        self.taken.append(request)
        return RequestOutcome.ACCEPTED

    async def refusal(self, _request: Request, _words: Any) -> None:
        return None

    async def refuse_backlog(self, *_arguments: Any) -> RequestOutcome:
        return RequestOutcome.NOT_NOW

    async def abandon(self, request: Request) -> bool:
        if await self.known(request.job_id):
            return False
        self.given_back.append(request.job_id)
        return True


class Saying:
    """Stands in for replies and messages."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str]] = []
        self.deleted: list[int] = []

    async def say(self, to: Source, view: Any) -> int:
        self.said.append((to.message_id, view.text))
        return to.message_id + 1000

    async def find(self, to: Source) -> int:
        return to.message_id + 1000

    async def forget_answer(self, _to: Source) -> None:
        pass

    async def delete(self, _chat_id: int, message_id: int) -> None:
        self.deleted.append(message_id)


class Jobs:
    """Stands in for the queue."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    async def status(self, job_id: str) -> Any:
        return self.known.get(job_id)


@pytest.fixture
def submit() -> Submitting:
    return Submitting()


@pytest.fixture
def saying() -> Saying:
    return Saying()


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def backlog(redis: Redis, bot_keys: BotKeys, submit: Any, saying: Any, jobs: Any) -> Backlog:
    return Backlog(
        redis, bot_keys, ids=IDS, submit=submit, queue=jobs, replies=saying, messenger=saying, texts=TEXTS,
        presets=catalogue.load(None),
    )  # fmt: skip


def request(number: int, **fields: Any) -> Request:
    return Request(IDS, Source(ANN, number), ANN, (Attachment("file", 10, None),), f"wish {number}", **fields)


def ended(answer: str, picture: str | None = "result") -> Any:
    result = None if picture is None else SimpleNamespace(picture=picture)
    job = SimpleNamespace(reply=None)
    return SimpleNamespace(answered=bool(answer), answer=answer, result=result, job=job)


async def test_backlog_keeps_a_request_as_it_was(backlog: Backlog, submit: Submitting) -> None:
    asked = request(1, workflow="larger", parameters={"megapixels": 4.0}, discriminator="press")
    assert await backlog(asked, WORDS) is RequestOutcome.ACCEPTED
    submit.room = 1
    await backlog.follow(ANN)
    assert submit.taken == [asked]
    assert await backlog.count(ANN) == 0


async def test_backlog_is_bounded_and_gives_back_what_is_beyond(
    backlog: Backlog, submit: Submitting, redis: Redis, bot_keys: BotKeys
) -> None:
    outcomes = [await backlog(request(number), WORDS) for number in range(MOST + 1)]
    assert outcomes == [RequestOutcome.ACCEPTED] * MOST + [RequestOutcome.NOT_NOW]
    assert submit.given_back == [request(MOST).job_id]
    assert await backlog(request(0), WORDS) is RequestOutcome.ACCEPTED
    assert await backlog.count(ANN) == MOST
    assert 0 < await redis.ttl(bot_keys.backlog(ANN)) <= 86_400


async def test_backlog_is_not_overtaken_by_a_newer_request(backlog: Backlog, submit: Submitting) -> None:
    await backlog(request(1), WORDS)
    submit.room = 1
    await backlog(request(2), WORDS)
    assert [each.source.message_id for each in submit.taken] == [1]


async def test_backlog_repeated_at_any_moment_makes_one_job_of_a_request(backlog: Backlog, submit: Submitting) -> None:
    await backlog(request(1), WORDS)
    submit.error = ConnectionError()
    with pytest.raises(ConnectionError):
        await backlog.follow(ANN)
    submit.error, submit.room = None, 5
    await asyncio.gather(*(backlog.follow(ANN) for _ in range(3)))
    await backlog(request(1), WORDS)
    assert len(submit.taken) == 1
    assert await backlog.count(ANN) == 0


async def test_backlog_does_a_wish_to_the_result_it_waits_for(backlog: Backlog, submit: Submitting, jobs: Jobs) -> None:
    submit.room = 5
    jobs.known["before"] = ended("")
    await backlog.after("before", request(1), WORDS)
    await backlog(request(2), WORDS)
    assert [each.instruction for each in submit.taken] == ["wish 2"]
    for answer in ("unreachable", "picture"):
        jobs.known["before"] = ended(answer)
        await backlog.follow(ANN)
    assert [(each.instruction, each.attachments) for each in submit.taken[1:]] == [
        ("wish 1", (StoredPicture("result"),))
    ]


@pytest.mark.parametrize("status", [None, ended("failed", None), ended("cancelled", None), ended("withheld")])
async def test_backlog_tells_the_words_whose_result_never_came(
    backlog: Backlog, submit: Submitting, jobs: Jobs, saying: Saying, status: Any
) -> None:
    submit.room = 5
    jobs.known["before"] = ended("")
    await backlog.after("before", request(1), WORDS)
    jobs.known["before"] = status
    await backlog.follow(ANN)
    assert submit.taken == []
    assert submit.given_back == [request(1).job_id]
    assert "wish 1" in saying.said[-1][1]
    assert "no result" in saying.said[-1][1]
    assert await backlog.count(ANN) == 0


async def test_backlog_is_erased_with_its_user_and_gives_back_what_it_cost(
    backlog: Backlog, submit: Submitting, saying: Saying, redis: Redis, bot_keys: BotKeys
) -> None:
    for number in (1, 2):
        await backlog(request(number), WORDS)
    await redis.hset(bot_keys.backlog(ANN), "another version's", "[]")
    await backlog.forget(ANN)
    assert submit.given_back == [request(1).job_id, request(2).job_id]
    assert saying.deleted == [1001, 1002]
    assert await redis.exists(bot_keys.backlog(ANN)) == 0
