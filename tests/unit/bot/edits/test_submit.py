"""A request that two replicas handle at once, and one in a chat that takes no messages."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat.errors import ChatUnreachableError
from qwenedit_bot.chat.view import Source
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.edits.requests.submit import Submit
from qwenedit_bot.pictures.sources import Attachment
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Texts
from qwenedit_jobs import StorageFullError
from qwenedit_jobs.queue.intake import QueueLimits, Standing

IDS = JobIds("1:token")


class Replicas:
    """What this replica's request meets: Redis is full, and another replica has accepted the job meanwhile, or not."""

    def __init__(self, *, accepted_meanwhile: bool = False, blocked: bool = False) -> None:
        self.name = "line"
        self.job_is_known = False
        self.blocked = blocked
        self.accepted_meanwhile = accepted_meanwhile
        self.deleted: list[str] = []
        self.withdrawn = 0
        self.said: list[Any] = []

    async def exists(self, _job_id: str) -> bool:
        return self.job_is_known

    async def located(self, attachments: Any) -> Any:
        return [(each, 0) for each in attachments]

    def room(self, *_request: Any) -> Any:
        return nullcontext()

    async def keep(self, *_picture: Any) -> int:
        self.job_is_known = self.accepted_meanwhile
        raise StorageFullError("no room")

    async def erase(self, job_id: str, *_refs: str) -> None:
        self.deleted.append(job_id)

    async def say(self, _source: Source, view: Any) -> int:
        if self.blocked:
            raise ChatUnreachableError("bot was blocked by the user")
        self.said.append(view)
        return 1

    async def charge(self, *_request: Any) -> None:
        return None

    async def standing(self, *_request: Any, **_more: Any) -> Standing:
        return Standing(known=0, waiting=0, unfinished=0)

    async def ready(self, *_to: Any) -> None:
        return None

    async def give_back(self, *_request: Any) -> None:
        self.withdrawn += 1


async def asked(replicas: Replicas) -> RequestOutcome:
    parts: Any = replicas
    submit = Submit(
        queue=parts,
        ids=IDS,
        limits=QueueLimits(),
        store=parts,
        intake=parts,
        replies=parts,
        quotas=parts,
        metrics=BotMetrics(CollectorRegistry()),
        presets=catalogue.load(None),
    )
    photo = Attachment(file_id="photo", size=1_000, mime=None)
    request = Request(IDS(7, 1), Source(7, 1), 7, (photo,), "make it snow")
    return await submit(request, Texts().of("en"))


async def test_refusal_deletes_the_photos_gives_the_job_back_and_says_so() -> None:
    replicas = Replicas(accepted_meanwhile=False)
    assert await asked(replicas) is not RequestOutcome.ACCEPTED
    assert (len(replicas.deleted), replicas.withdrawn, len(replicas.said)) == (1, 1, 2)


async def test_job_that_another_replica_accepted_meanwhile_keeps_its_photos_and_its_price() -> None:
    replicas = Replicas(accepted_meanwhile=True)
    assert await asked(replicas) is RequestOutcome.ACCEPTED
    assert (replicas.deleted, replicas.withdrawn, len(replicas.said)) == ([], 0, 1)


async def test_user_who_has_blocked_the_bot_is_charged_for_nothing_and_their_photos_are_deleted() -> None:
    replicas = Replicas(blocked=True)
    with pytest.raises(ChatUnreachableError):
        await asked(replicas)
    assert (len(replicas.deleted), replicas.withdrawn) == (1, 1)
