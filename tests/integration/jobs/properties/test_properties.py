"""The queue's promises in every interleaving of its callers, and proof that breaking the scripts is noticed.

`HYPOTHESIS_PROFILE=thorough` runs 2,000 examples instead of the few that fit into `make test`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from qwenedit_jobs import RedisSettings, connect
from qwenedit_jobs.queue import queue_view
from qwenedit_jobs.queue.operator_queue import OperatorQueue
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
            runner, redis, queue, reached = loop, client, OperatorQueue(client, KEYS), Counter[str]()

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


MUTATIONS = {
    "the token is not checked": (
        "prelude",
        "job.state == 'running' and job.token == args.token",
        "job.state == 'running'",
        "claim, release, claim, complete the first claim",
    ),
    "a job is popped and not leased": ("claim", "redis.call('ZADD', LEASES, at + args.lease, id)\n", "", "claim"),
    "the event is forgotten": (
        "prelude",
        "    redis.call('XADD', EVENTS, '*', 'id', job.id, 'state', state)\n",
        "",
        "cancel",
    ),
    "a cancelled job stays in line": ("prelude", "        redis.call('LREM', line(), -1, job.id)\n", "", "cancel"),
    "a token claims again": (
        "claim",
        "redis.call('SET', CLAIM_PREFIX .. args.token, id, 'PX', args.lease)\n",
        "",
        "claim",
    ),
    "a finished job stays for ever": (
        "prelude",
        "    redis.call('EXPIRE', JOB_PREFIX .. job.id, RETENTION)\n",
        "",
        "cancel",
    ),
    "the user's job stays unfinished": (
        "prelude",
        "    redis.call('SREM', USER_PREFIX .. (job.user or ''), job.id)\n",
        "",
        "cancel",
    ),
    "a drained lease is counted twice": ("heartbeat", "    redis.call('ZREM', LEASES, job.id)\n", "", "claim, drain"),
    "a drained job keeps its lease": (
        "prelude",
        "redis.call('ZREM', DRAINING, job.id)",
        "redis.call('ZREM', LEASES, job.id)",
        "claim, drain, complete",
    ),
    "a heartbeat of somebody else counts": (
        "heartbeat",
        "not holds(job)",
        "not job.state",
        "claim, release, claim, drain by the first claim",
    ),
    "a released job goes to the end of the line": (
        "prelude",
        "redis.call('RPUSH', line(), job.id)",
        "redis.call('LPUSH', line(), job.id)",
        "another job, claim, release",
    ),
    "a released job counts an attempt": (
        "prelude",
        "math.max((number_in(job.attempt) or 1) - 1, 0)",
        "job.attempt",
        "claim, release",
    ),
    "a job that runs is reworded": ("reword", "job.state == 'queued' and ", "", "claim, defer, reword"),
    "a job that was tried is reworded": (
        "reword",
        " and job.attempt == '0'",
        "",
        "claim, retry, pause ends, tick, reword what was tried",
    ),
    "new words are forgotten": ("reword", "set(job, 'payload', args.payload)\n", "", "reword, claim"),
    "an abandoned token takes a job": (
        "settle",
        "    redis.call('SET', CLAIM_PREFIX .. args.token, '', 'PX', VOID)\n",
        "",
        "abandon nothing",
    ),
    "an abandoned job stays where it is": (
        "settle",
        "return give_back(job, args.detail)",
        "return 'queued'",
        "claim, abandon",
    ),
    "a claim forgets what it took": ("claim", "if earlier then", "if false then", "claim, claim again"),
    "a lost worker is still heard": (
        "tick",
        "    job.taken_away = true\n",
        "",
        "claim, lease ends, tick, complete",
    ),
    "a late job is executed": ("claim", "<= at then", "<= 0 then", "wait too long, claim"),
    "a late job waits on": ("tick", "<= at then", "<= 0 then", "wait too long, tick"),
    "a pause leaves the line where it is": (
        "pause",
        "    while redis.call('LMOVE', JOB_QUEUE, HELD, 'RIGHT', 'LEFT') do end\n",
        "",
        "pause",
    ),
    "a worker whose job was taken is heard": (
        "requeue",
        "    job.taken_away = true\n",
        "",
        "claim, requeue, complete",
    ),
    "a done or cancelled job keeps its photos": (
        "prelude",
        "refs) do\n        redis.call('UNLINK', PICTURE_PREFIX .. ref)\n",
        "refs) do\n",
        "cancel",
    ),
    "a failed job loses its photos": (
        "prelude",
        "state == 'failed' then\n        spare",
        "false then\n        spare",
        "claim, fail",
    ),
    "a failed job keeps its pictures for a day": (
        "prelude",
        "spare_pictures(refs, FAILED_KEPT)",
        "spare_pictures(refs, 86400)",
        "claim, fail",
    ),
    "a stale result stays": (
        "settle",
        "        redis.call('UNLINK', PICTURE_PREFIX .. args.picture)\n",
        "        redis.call('SET', PICTURE_PREFIX .. args.picture, ARGV[2])\n",
        "claim, release, claim, complete the first claim",
    ),
    "an accepted result is deleted": ("settle", "args.picture and outcome ~= 'done'", "true", "claim, complete"),
    "pictures that are sent again for an ended job stay": (
        "enqueue",
        "        pictures_of_ended(read(args.id), state) -- sent again meanwhile\n",
        "",
        "cancel, ask again",
    ),
    "an answer to an earlier end counts": (
        "answered",
        " or args.ending and args.ending ~= (job.requeued or '0')",
        "",
        "claim, fail, requeue, claim, fail, answer the end before",
    ),
    "a job that waits is answered": ("answered", "not FINAL[job.state] or ", "", "answer"),
    "a job that began in time is too late": (
        "prelude",
        "'expires_at', due + (number_in(job.max_wait) or 0)",
        "'detail', detail",
        "claim, retry",
    ),
    "what is answered is kept before what waits": (
        "answered",
        "spare_pictures({ picture_in(job) }, args.retention)",
        "",
        "claim, complete, answer",
    ),
    "a job that begins anew has spare pictures": (
        "requeue",
        "    redis.call('ZREM', ANSWERED_PICTURES, ref)\n",
        "",
        "claim, fail, requeue",
    ),
    "a job that begins anew expires": (
        "requeue",
        "redis.call('PERSIST', JOB_PREFIX .. job.id)\n",
        "",
        "claim, fail, requeue",
    ),
}


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
    told.start(max_queue_length=2, max_unfinished=1, attempts=[3], claims=0)
    told.holds()
    for call in filter(None, story.split(", ")):
        CALLS[call](told)


STORIES = sorted({story for *_, story in MUTATIONS.values()})


@pytest.mark.parametrize("story", STORIES)
def test_promises_hold_in_each_story(redis_url, story):
    with machine(redis_url) as bound:
        tell(story, bound())


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_broken_script_is_caught(redis_url, mutation, tmp_path, monkeypatch):
    script, right, wrong, story = MUTATIONS[mutation]
    shutil.copytree(str(queue_view.SCRIPTS), tmp_path, dirs_exist_ok=True)
    broken = tmp_path / f"{script}.lua"
    text = broken.read_text()
    assert text.count(right) == 1, "the mutation fits the script"
    broken.write_text(text.replace(right, wrong))
    monkeypatch.setattr(queue_view, "SCRIPTS", tmp_path)
    with machine(redis_url) as bound, pytest.raises(AssertionError):
        tell(story, bound())
