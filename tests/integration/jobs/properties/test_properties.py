"""The queue's promises in every interleaving of its callers.

`HYPOTHESIS_PROFILE=thorough` runs 2,000 examples instead of the few that fit into `make test`.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from qwenedit_jobs import RedisSettings, connect
from qwenedit_testkit.job_queue import JobQueue
from tests.integration.jobs.properties.machine import FAIR, KEYS, UNFAIR, QueueMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)
settings.register_profile("short", COMMON, max_examples=80, stateful_step_count=50)
settings.register_profile("thorough", COMMON, max_examples=2_000, stateful_step_count=50, print_blob=True)


@contextmanager
def machine(redis_url: str) -> Iterator[type[QueueMachine]]:
    """Bind the state machine to a Redis."""
    with asyncio.Runner() as loop:
        client = connect(RedisSettings(redis_url=redis_url))

        class Bound(QueueMachine):
            runner, redis, queue, reached = loop, client, JobQueue(client, KEYS), Counter[str]()

        yield Bound
        loop.run(client.aclose())


LETTING_GO = {"complete": "done", "fail": "failed", "retry": "delayed", "release": "queued", "defer": "delayed"}
CLAIMS = ("", " again", " that waits", " that waits again")
EVERYWHERE = {
    *(f"enqueue: {answer}" for answer in ("queued", "known", "full", "limited")),
    *(f"cancel: {answer}" for answer in ("cancelled", "cancelling", "done", "failed", "unknown")),
    *(f"reword: {answer}" for answer in ("waits", "has begun", "unknown")),
    *(f"tick: {answer}" for answer in ("due", "late", "delayed", "failed", "cancelled")),
    *(f"heartbeat: {answer}" for answer in ("held", "cancelled", "lost")),
    *(f"claim{how}: {answer}" for how in CLAIMS for answer in ("a job", "none")),
    *(f"answered: {answer}" for answer in ("first", "again", "another end", "not ended")),
    *(f"abandon: {answer}" for answer in ("queued", "cancelled", "lost")),
    *(f"requeue: {state} queued" for state in ("queued", "running", "delayed", "failed")),
    *("requeue: running cancelled", "requeue: done done", "requeue: cancelled cancelled", "requeue: None unknown"),
    *("pause: first", "pause: again", "drop: dead", "drop: not dead", "forget: forgotten", "forget: not yet"),
    "retry: failed",
    *(f"{call}: {answer}" for call, outcome in LETTING_GO.items() for answer in (outcome, "cancelled")),
    *(f"{call} again: {answer}" for call, outcome in LETTING_GO.items() for answer in (outcome, "cancelled", "lost")),
}


@pytest.mark.timeout(1800)
def test_promises_hold_whoever_calls_what_in_which_order(redis_url):
    profile = os.environ.get("HYPOTHESIS_PROFILE", "short")
    with machine(redis_url) as bound:
        run_state_machine_as_test(bound, settings=settings.get_profile(profile))
    print(*(f"{count:7d} {what}" for what, count in sorted(bound.reached.items())), sep="\n")  # noqa: T201 - shown with -s
    assert profile == "short" or EVERYWHERE - set(bound.reached) == set()


@dataclass(frozen=True)
class Call:
    """A call of the machine; by itself it concerns the one job, or the one claim that holds."""

    name: str
    which: int | None = 0
    arguments: dict[str, Any] = field(default_factory=dict)

    def __call__(self, told: QueueMachine) -> None:
        which = {} if self.which is None else {"which": self.which}
        getattr(told, self.name)(**which, **self.arguments)
        told.holds()


WORKER = {"worker": "worker-1"}
CALLS = {
    "another job": Call("enqueue", arguments={"max_attempts": 3}),
    "ask again": Call("enqueue", FAIR, {"max_attempts": 3}),
    "cancel": Call("cancel"),
    "reword": Call("reword"),
    "reword what was tried": Call("reword", FAIR),
    "tick": Call("tick", None),
    "pause": Call("pause", None),
    "resume": Call("resume", None),
    "requeue": Call("requeue"),
    "answer": Call("answered", arguments={"earlier": False}),
    "answer the end before": Call("answered", arguments={"earlier": True}),
    "claim": Call("claim", None, WORKER),
    "claim again": Call("claim_again", arguments={**WORKER, "waits": True}),
    "abandon": Call("abandon"),
    "abandon nothing": Call("abandon", UNFAIR),
    "drain": Call("heartbeat", arguments={"step": 1, "draining": True}),
    "drain by the first claim": Call("heartbeat", FAIR, {"step": 0, "draining": True}),
    **{how: Call("settle", arguments={"how": how}) for how in LETTING_GO},
    "complete the first claim": Call("settle", FAIR, {"how": "complete"}),
    "lease ends": Call("lease_ends"),
    "pause ends": Call("pause_ends"),
    "wait too long": Call("waits_too_long"),
}


def tell(story: str, told: QueueMachine) -> None:
    """Have happen to a job what a story says."""
    told.start(max_queue_length=2, max_unfinished=1, attempts=[3], claims=0, cancels=0)
    told.holds()
    for call in filter(None, story.split(", ")):
        CALLS[call](told)


STORIES = (
    "abandon nothing",
    "another job, another job",
    "another job, claim, release",
    "answer",
    "cancel",
    "cancel, ask again",
    "claim",
    "claim, abandon",
    "claim, another job, claim, another job, another job",
    "claim, claim again",
    "claim, complete",
    "claim, complete, answer",
    "claim, defer, reword",
    "claim, drain",
    "claim, drain, complete",
    "claim, fail",
    "claim, fail, requeue",
    "claim, fail, answer, requeue, claim, fail, answer the end before, answer",
    "claim, lease ends, tick, complete",
    "claim, release",
    "claim, release, claim, complete the first claim",
    "claim, release, claim, drain by the first claim",
    "claim, requeue, complete",
    "claim, retry",
    "claim, another job, retry, pause ends, tick, reword what was tried",
    "another job, pause, resume",
    "reword, claim",
    "wait too long, claim",
    "wait too long, tick",
)


def test_promises_hold_in_each_story(redis_url, subtests):
    with machine(redis_url) as bound:
        for story in STORIES:
            with subtests.test(story):
                tell(story, bound())
