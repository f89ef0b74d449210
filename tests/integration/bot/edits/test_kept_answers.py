"""Which answers are given when a chat takes them again, and what is remembered of the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from qwenedit_bot.chat.migrations import Migrations
from qwenedit_bot.edits.answers.undelivered import UndeliveredAnswers
from qwenedit_jobs import Events, Keys, ReplyTo, State
from qwenedit_jobs.lanes import Lanes

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

GROUP, SUPERGROUP = -7, -1_000_000_000_007


@dataclass
class Jobs:
    """What the queue says of jobs."""

    done: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)

    async def status(self, job_id: str) -> Any:
        return SimpleNamespace(state=State.DONE) if job_id in self.done else None

    async def exists(self, job_id: str) -> bool:
        return job_id in self.done | self.unreadable


@dataclass
class Kept:
    answers: UndeliveredAnswers
    jobs: Jobs
    lanes: Lanes
    migrations: Migrations

    async def note(self, job_id: str, chat_id: int = GROUP, message_id: int = 57) -> None:
        reply = ReplyTo(chat_id=chat_id, placeholder_id=1, source_message_id=2, language="en")
        await self.answers.note(reply, job_id, message_id)

    async def given(self) -> set[str]:
        """Return the entries that wait, and work them off."""
        found = set()
        while entries := (await self.lanes.next(10))[0]:
            for entry in entries:
                found.add(entry.id)
                await self.lanes.done(entry)
        return found


@pytest.fixture
def kept(redis: Redis, bot_keys: BotKeys) -> Kept:
    jobs, migrations = Jobs(), Migrations(redis, bot_keys)
    lanes = Lanes(redis, Keys().answers, name="bot")
    answers = UndeliveredAnswers(
        redis, bot_keys, queue=cast("Any", jobs), events=Events(redis, Keys(), lanes), migrations=migrations,
        wake=asyncio.Event(),
    )  # fmt: skip
    return Kept(answers, jobs, lanes, migrations)


async def test_pictures_come_before_the_word_that_others_are_gone(kept: Kept) -> None:
    for job_id in ("gone-1", "gone-2", "gone-3", "there"):
        await kept.note(job_id)
    kept.jobs.done.add("there")
    await kept.answers.came_back(GROUP, "en")
    entries = await kept.given()
    assert "again:there" in entries
    assert len(entries) == 2


async def test_jobs_that_cannot_be_read_keep_no_other_one_back(kept: Kept) -> None:
    kept.jobs.unreadable.update(str(number) for number in range(9))
    kept.jobs.done.add("there")
    for job_id in (*kept.jobs.unreadable, "there"):
        await kept.note(job_id)
    await kept.answers.one_more(GROUP, "en")
    assert await kept.given() == {"again:there"}


async def test_message_of_a_group_is_not_looked_for_in_the_supergroup_that_it_became(kept: Kept) -> None:
    await kept.note("before")
    await kept.migrations.migrated(GROUP, SUPERGROUP)
    await kept.answers.migrated(GROUP, SUPERGROUP)
    await kept.note("after")
    await kept.note("there", SUPERGROUP, 58)
    assert await kept.answers.message_of(SUPERGROUP, "before") is None
    assert await kept.answers.message_of(SUPERGROUP, "after") is None
    assert await kept.answers.message_of(GROUP, "there") == 58


async def test_answers_of_a_group_are_found_and_forgotten_under_both_of_its_ids(kept: Kept) -> None:
    kept.jobs.done.update(("one", "two"))
    await kept.note("one")
    await kept.migrations.migrated(GROUP, SUPERGROUP)
    await kept.answers.migrated(GROUP, SUPERGROUP)
    await kept.note("two")
    await kept.answers.forget_job(GROUP, "two")
    await kept.answers.one_more(GROUP, "en")
    await kept.answers.one_more(GROUP, "en")
    assert await kept.given() == {"again:one"}


async def test_answer_that_is_refused_twice_is_given_once(kept: Kept) -> None:
    kept.jobs.done.add("one")
    for message_id in (57, 58):
        await kept.note("one", message_id=message_id)
    await kept.answers.one_more(GROUP, "en")
    assert await kept.given() == {"again:one"}
    await kept.answers.one_more(GROUP, "en")
    assert await kept.given() == set()
