"""Requests beyond a user's limit of unfinished jobs wait, and follow by themselves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.view import Source
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_bot.edits.requests.backlog import Backlog
from qwenedit_bot.edits.requests.request import Request, RequestOutcome, Reworded
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Texts
from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from redis.asyncio import Redis

RESULT = photo("PNG")
ANN = 7
IDS = JobIds("42:TEST")
TEXTS = Texts()
WORDS = TEXTS.of("en")

on_stage = pytest.mark.asyncio(loop_scope="module")


def instructions(statuses: list[Any]) -> list[str]:
    return sorted(status.job.edit.prompt for status in statuses)


@on_stage
async def test_backlog_follows_in_order_as_jobs_are_answered(stage: Any, ann: Any) -> None:
    sent = [(await ann.send(photo=photo(), caption=f"make it snow {number}"))[0] for number in range(5)]
    await ann.wait_for(lambda chat: sum("I'll begin as soon as" in (each.text or "") for each in chat.from_bot) == 2)
    assert instructions(await stage.jobs(3)) == [f"make it snow {number}" for number in range(3)]
    await ann.send("/status")
    await ann.says("2 more follow by themselves.")
    for number in range(5):
        claim = await stage.worker.finish_next(RESULT)
        assert claim.job.edit.prompt == f"make it snow {number}"
        picture = await ann.picture(number=number + 1)
        assert picture.reply_to == sent[number]
    assert await stage.worker.queue.unfinished_ids() == []


@on_stage
async def test_backlog_ends_with_stop_and_its_messages_go(stage: Any, ann: Any) -> None:
    for number in range(5):
        await ann.send(photo=photo(), caption=f"make it snow {number}")
    await ann.wait_for(lambda chat: sum("I'll begin as soon as" in (each.text or "") for each in chat.from_bot) == 2)
    await ann.press("Cancel", message_id=(await ann.snapshot()).from_bot[-1].id)
    await ann.wait_for(lambda chat: chat.answers and chat.answers[-1].text == "Cancelled")
    await ann.send("/cancel")
    await ann.says("4 pictures")
    await stage.eventually(stage.nothing_waits)
    assert await stage.worker.queue.unfinished_ids() == []
    assert not any("I'll begin" in (each.text or "") for each in (await ann.snapshot()).from_bot)


class Submitting:
    """Stands in for `Submit`, with room for some jobs."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.taken: list[Request] = []
        self.given_back: list[str] = []
        self.erased: list[str] = []
        self.store_answers = True
        self.error: Exception | None = None

    async def known(self, job_id: str) -> bool:
        return job_id in [request.job_id for request in self.taken]

    async def is_full(self) -> bool:
        return False

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

    async def refuse(self, *_arguments: Any) -> RequestOutcome:
        return RequestOutcome.NOT_NOW

    async def abandon(self, request: Request) -> bool:
        if await self.known(request.job_id):
            return False
        self.given_back.append(request.job_id)
        return True

    async def delete_pictures(self, request: Request) -> bool:
        if self.store_answers and not await self.known(request.job_id):
            self.erased.append(request.job_id)
        return self.store_answers


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

    def __init__(self, submit: Submitting) -> None:
        self.submit = submit
        self.known: dict[str, Any] = {}

    async def status(self, job_id: str) -> Any:
        return self.known.get(job_id)

    async def exists(self, job_id: str) -> bool:
        return await self.submit.known(job_id)


@pytest.fixture
def submit() -> Submitting:
    return Submitting()


@pytest.fixture
def saying() -> Saying:
    return Saying()


@pytest.fixture
def jobs(submit: Submitting) -> Jobs:
    return Jobs(submit)


@pytest.fixture
def lanes(redis: Redis) -> Lanes:
    return Lanes(redis, Keys().backlog, name="bot")


@pytest.fixture
def backlog(lanes: Lanes, submit: Any, saying: Any, jobs: Any) -> Backlog:
    return Backlog(
        lanes=lanes,
        wake=asyncio.Event(),
        submit=submit,
        queue=jobs,
        replies=saying,
        messenger=saying,
        texts=TEXTS,
        presets=catalogue.load(None),
    )


def request(number: int, discriminator: str = "", **fields: Any) -> Request:
    return Request(
        IDS(ANN, number, discriminator),
        Source(ANN, number),
        ANN,
        (Attachment("file", 10, None),),
        f"wish {number}",
        discriminator=discriminator,
        **fields,
    )


async def follow(backlog: Backlog, lanes: Lanes) -> None:
    """Work on what is due, as the scheduler does."""
    while entries := (await lanes.next(5))[0]:
        for entry in entries:
            try:
                await backlog(entry)
            except LaterError as later:
                await lanes.park(entry, later.after, alone=later.apart)
            except ConnectionError:
                await lanes.park(entry, 0.0)
                raise
            else:
                await lanes.done(entry)


async def answered(backlog: Backlog, lanes: Lanes) -> None:
    await backlog.job_answered(ANN)
    await follow(backlog, lanes)


def ended(answer: str, picture: str | None = "result") -> Any:
    result = None if picture is None else SimpleNamespace(picture=picture)
    job = SimpleNamespace(reply=None)
    return SimpleNamespace(answered=bool(answer), answer=answer, result=result, job=job)


async def test_backlog_keeps_a_request_as_it_was(backlog: Backlog, lanes: Lanes, submit: Submitting) -> None:
    asked = request(1, "press", workflow="larger", parameters={"megapixels": 4.0}, shown=((5, "job"),))
    assert await backlog.take(asked, WORDS) is RequestOutcome.ACCEPTED
    await follow(backlog, lanes)
    submit.room = 1
    await answered(backlog, lanes)
    assert submit.taken == [asked]
    assert await backlog.waiting(ANN) == []


async def test_backlog_is_bounded_and_gives_back_what_is_beyond(backlog: Backlog, submit: Submitting) -> None:
    outcomes = [await backlog.take(request(number), WORDS) for number in range(21)]
    assert outcomes == [RequestOutcome.ACCEPTED] * 20 + [RequestOutcome.NOT_NOW]
    assert submit.given_back == [request(20).job_id]
    assert await backlog.take(request(0), WORDS) is RequestOutcome.ACCEPTED
    assert [each.request.source.message_id for each in await backlog.waiting(ANN)] == list(range(20))


async def test_backlog_repeated_at_any_moment_makes_one_job_of_a_request(
    backlog: Backlog, lanes: Lanes, submit: Submitting
) -> None:
    await backlog.take(request(1), WORDS)
    submit.error = ConnectionError()
    with pytest.raises(ConnectionError):
        await follow(backlog, lanes)
    submit.error, submit.room = None, 5
    await answered(backlog, lanes)
    await backlog.take(request(1), WORDS)
    await follow(backlog, lanes)
    assert len(submit.taken) == 1
    assert await backlog.waiting(ANN) == []


async def test_backlog_takes_a_request_that_failed_and_apologises_in_its_message(
    backlog: Backlog, lanes: Lanes, submit: Submitting, saying: Saying
) -> None:
    submit.error = ConnectionError()
    assert await backlog.take(request(1), WORDS) is RequestOutcome.ACCEPTED
    [entry], _wait = await lanes.next(1)
    await backlog.apologise(entry)
    assert submit.given_back == [request(1).job_id]
    assert saying.said[-1][0] == 1
    assert "Something broke" in saying.said[-1][1]


async def test_backlog_gives_a_request_other_words_unless_it_is_in_hand(
    backlog: Backlog, lanes: Lanes, submit: Submitting
) -> None:
    for number in (1, 2):
        await backlog.take(request(number), WORDS)
    assert await backlog.reword(ANN, request(2).job_id, "other words", WORDS) is Reworded.DONE
    assert await backlog.reword(ANN, "another", "other words", WORDS) is Reworded.TOO_LATE
    [entry], _wait = await lanes.next(1)
    with pytest.raises(LaterError):
        await backlog.reword(ANN, request(1).job_id, "other words", WORDS)
    await lanes.park(entry, 0.0)
    submit.room = 5
    await answered(backlog, lanes)
    assert [each.instruction for each in submit.taken] == ["wish 1", "other words"]


async def test_backlog_drops_a_request_and_tries_the_next(
    backlog: Backlog, lanes: Lanes, submit: Submitting, saying: Saying
) -> None:
    for number in (1, 2):
        await backlog.take(request(number), WORDS)
    await follow(backlog, lanes)
    assert await backlog.stop(ANN, request(1).job_id)
    assert not await backlog.stop(ANN, request(1).job_id)
    submit.room = 5
    await follow(backlog, lanes)
    assert [each.instruction for each in submit.taken] == ["wish 2"]
    assert saying.deleted == [1001]


async def test_backlog_deletes_what_a_dropped_request_has_stored_when_the_store_answers(
    backlog: Backlog, lanes: Lanes, submit: Submitting, saying: Saying
) -> None:
    await backlog.take(request(1), WORDS)
    await follow(backlog, lanes)
    submit.store_answers = False
    assert await backlog.stop(ANN) == 1
    await follow(backlog, lanes)
    assert (submit.erased, saying.deleted[:1]) == ([], [1001])
    submit.store_answers, submit.room = True, 1
    await answered(backlog, lanes)
    assert (submit.taken, submit.erased, await backlog.waiting(ANN)) == ([], [request(1).job_id], [])


async def test_backlog_does_a_wish_to_the_result_it_waits_for(
    backlog: Backlog, lanes: Lanes, submit: Submitting, jobs: Jobs
) -> None:
    submit.room = 5
    jobs.known["before"] = ended("")
    await backlog.take(request(1), WORDS, after="before")
    await backlog.take(request(2), WORDS)
    assert [each.instruction for each in submit.taken] == ["wish 2"]
    for answer in ("unreachable", "picture"):
        jobs.known["before"] = ended(answer)
        await answered(backlog, lanes)
    assert [(each.instruction, each.attachments) for each in submit.taken[1:]] == [
        ("wish 1", (StoredPicture("result"),))
    ]


@pytest.mark.parametrize(
    "status", [None, ended("failed", None), ended("cancelled", None), ended("withheld"), ended("forbidden")]
)
async def test_backlog_tells_the_words_whose_result_never_came(
    backlog: Backlog, lanes: Lanes, submit: Submitting, jobs: Jobs, saying: Saying, status: Any
) -> None:
    submit.room = 5
    jobs.known["before"] = ended("")
    await backlog.take(request(1), WORDS, after="before")
    jobs.known["before"] = status
    await answered(backlog, lanes)
    assert submit.taken == []
    assert submit.given_back == [request(1).job_id]
    assert "wish 1" in saying.said[-1][1]
    assert "no result" in saying.said[-1][1]
    assert await backlog.waiting(ANN) == []


async def test_backlog_is_erased_with_its_user_and_gives_back_what_it_cost(
    backlog: Backlog, lanes: Lanes, submit: Submitting, saying: Saying, redis: Redis
) -> None:
    for number in (1, 2):
        await backlog.take(request(number), WORDS)
    await lanes.put(str(ANN), "another version's", "[]")
    await backlog.forget(ANN)
    assert submit.given_back == [request(1).job_id, request(2).job_id]
    assert saying.deleted == [1001, 1002]
    await lanes.next(1)
    assert await redis.keys(f"{Keys().backlog}*") == [lanes.key("time")] or not await redis.keys(f"{Keys().backlog}*")
