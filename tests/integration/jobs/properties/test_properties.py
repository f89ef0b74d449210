"""The queue's promises in every interleaving of its callers, and proof that breaking the scripts is noticed.

`HYPOTHESIS_PROFILE=thorough` runs 2,000 examples instead of the few that fit into `make test`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from qwenedit_jobs import RedisSettings, connect
from qwenedit_jobs.queue import queue
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from tests.integration.jobs.properties.machine import FAIR, KEYS, QueueMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMON = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)
settings.register_profile("short", COMMON, max_examples=80, stateful_step_count=50)
settings.register_profile("thorough", COMMON, max_examples=2_000, stateful_step_count=50, print_blob=True)
# Looks for a first failure and does not make it smaller.
HUNT = settings(COMMON, max_examples=2_000, stateful_step_count=50, phases=[Phase.generate], derandomize=True)


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
    *(f"reap: {answer}" for answer in ("delayed", "failed", "cancelled")),
    *(f"{call}: {answer}" for call in ("renew", "progress") for answer in ("held", "cancelled", "lost")),
    *(f"claim{how}: {answer}" for how in CLAIMS for answer in ("a job", "none")),
    *(f"answered: {answer}" for answer in ("first", "again", "another end", "not ended")),
    *(f"abandon: {answer}" for answer in ("queued", "cancelled", "lost")),
    *(f"requeue: {state} queued" for state in ("queued", "running", "delayed", "failed")),
    *("requeue: running cancelled", "requeue: done done", "requeue: cancelled cancelled", "requeue: None unknown"),
    *("pause: first", "pause: again", "drop: dead", "drop: not dead", "forget: forgotten", "forget: not yet"),
    *("drain: held", "drain: lost", "promote: due", "expire: late", "retry: failed"),
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
    "the token is not checked": ("prelude", " and found[2] == token", ""),
    "a job is popped and not leased": ("claim", "redis.call('ZADD', LEASES, NOW + lease, id)\n", ""),
    "the event is forgotten": ("finish", "    redis.call('XADD', EVENTS, '*', 'id', id, 'state', state)\n", ""),
    "a cancelled job stays in line": ("cancel", "    redis.call('LREM', QUEUE, 1, id)\n", ""),
    "a token claims again": ("claim", "redis.call('SET', CLAIM .. token, id, 'PX', lease)\n", ""),
    "a finished job stays for ever": ("finish", "    redis.call('EXPIRE', JOB .. id, RETENTION)\n", ""),
    "the user's job stays unfinished": (
        "finish",
        "    redis.call('SREM', UNFINISHED .. (known(id, 'user') or ''), id)\n",
        "",
    ),
    "a drained lease is counted twice": ("drain", "    redis.call('ZREM', LEASES, id)\n", ""),
    "a released job goes to the end of the line": (
        "retries",
        "redis.call('RPUSH', QUEUE, id)\n    return 'queued'",
        "redis.call('LPUSH', QUEUE, id)\n    return 'queued'",
    ),
    "a job that runs is reworded": ("reword", "state ~= 'queued' or ", ""),
    "a job that was tried is reworded": ("reword", " or attempt ~= '0'", ""),
    "new words are forgotten": ("reword", "set(id, 'payload', payload)\n", ""),
    "an abandoned token takes a job": ("abandon", "redis.call('SET', CLAIM .. token, '', 'PX', void)\n", ""),
    "an abandoned job stays where it is": ("abandon", "give_back(id)", "'queued'"),
    "a claim that waits forgets what it took": (
        "skip_empty_queue",
        ", ARGV[3] .. ARGV[9]) == 0",
        ") == 0",
    ),
    "a lost worker is still heard": ("lost_attempts", "    redis.call('HDEL', JOB .. id, 'token')\n", ""),
    "a late job is executed": ("claim", " and not too_late", ""),
    "a pause leaves the line where it is": ("pause", "hold_queue()\n", ""),
    "a worker whose job was taken is heard": ("requeue", "take_away(id)", "{ id = id }"),
    "a done or cancelled job keeps its photos": ("pictures", "        drop_pictures(refs)\n", ""),
    "a failed job loses its photos": ("pictures", "    if state ~= 'failed' then\n", "    if true then\n"),
    "a failed job keeps its pictures for a day": (
        "pictures",
        "EXPIRE', PICTURE .. ref, FAILED_KEPT",
        "EXISTS', PICTURE .. ref",
    ),
    "a stale result stays": ("complete", "    drop(sent)\n", ""),
    "pictures of an accepted job are forgotten soon": ("enqueue", "\nkeep_them(bytes)\n", "\n"),
    "an answer to an earlier end counts": (
        "answered",
        " or ending ~= '' and ending ~= (requeued or '0')",
        "",
    ),
    "a job that waits is answered": ("answered", "not FINAL[state] or ", ""),
    "a job that nobody here can read counts an attempt": (
        "defer",
        "redis.call('HINCRBY', JOB .. id, 'attempt', -1)\n",
        "",
    ),
    "a job that began in time is too late": ("retries", ",\n        'expires_at', due + patience(id))", ")"),
    "what is answered is kept before what waits": ("answered", "spare_pictures({ picture_in(result) })\n", ""),
    "a job that begins anew has spare pictures": (
        "requeue",
        "        redis.call('ZREM', ANSWERED, ref)\n",
        "",
    ),
    "a job that begins anew expires": ("requeue", "    redis.call('PERSIST', JOB .. id)\n", ""),
}


WORKER = {"worker": "worker-1"}
TAKEN = ("claim", WORKER)
MINE, EARLIER = 0, FAIR
"""Which claim: one that holds, or the first of two."""
STORIES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "the token is not checked": [
        TAKEN, ("settle", {"which": MINE, "how": "release"}), TAKEN, ("settle", {"which": EARLIER, "how": "complete"}),
    ],
    "a late job is executed": [("waits_too_long", {"which": 0}), TAKEN],
    "new words are forgotten": [("reword", {"which": 0}), TAKEN],
    "a job that was tried is reworded": [
        TAKEN, ("settle", {"which": MINE, "how": "retry"}), ("pause_ends", {"which": 0}), ("promote", {}),
        ("reword", {"which": FAIR}),
    ],
    "a job that runs is reworded": [TAKEN, ("settle", {"which": MINE, "how": "defer"}), ("reword", {"which": 0})],
    "a claim that waits forgets what it took": [TAKEN, ("claim_again", {**WORKER, "which": MINE, "waits": True})],
    "an abandoned job stays where it is": [TAKEN, ("abandon", {"which": MINE})],
    "a drained lease is counted twice": [TAKEN, ("drain", {"which": MINE})],
}  # fmt: skip
"""What becomes of the one job, where chance may need thousands of calls to break a promise."""


def tell(story: list[tuple[str, dict[str, Any]]], told: QueueMachine) -> None:
    told.start(max_queue_length=2, max_unfinished=1, attempts=[3], claims=0)
    for call, arguments in story:
        getattr(told, call)(**arguments)
        told.holds()


@pytest.mark.parametrize("mutation", STORIES)
def test_promises_hold_in_each_story(redis_url, mutation):
    with machine(redis_url) as bound:
        tell(STORIES[mutation], bound())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_broken_script_is_caught(redis_url, mutation, tmp_path, monkeypatch):
    script, right, wrong = MUTATIONS[mutation]
    shutil.copytree(str(queue.SCRIPTS), tmp_path, dirs_exist_ok=True)
    (broken,) = tmp_path.glob(f"*/{script}.lua")
    text = broken.read_text()
    assert text.count(right) == 1, "the mutation fits the script"
    broken.write_text(text.replace(right, wrong))
    monkeypatch.setattr(queue, "SCRIPTS", tmp_path)
    with machine(redis_url) as bound, pytest.raises(AssertionError):
        hunt(bound, mutation)


def hunt(bound: type[QueueMachine], mutation: str) -> None:
    if mutation in STORIES:
        tell(STORIES[mutation], bound())
    run_state_machine_as_test(bound, settings=HUNT)
