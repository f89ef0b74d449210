"""Drives the real scripts on a real Redis in every order that Hypothesis thinks of, with the model beside them."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qwenedit_jobs import (
    Done,
    Edit,
    Fail,
    Job,
    Keys,
    Phase,
    QueueFullError,
    QueueLimits,
    Reason,
    Release,
    Result,
    Retry,
    State,
    TooManyUnfinishedError,
    durations,
)
from tests.integration.jobs.properties.model import FINAL, Model, ModelJob

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

    from qwenedit_jobs.model import Outcome
    from qwenedit_testkit.job_queue import JobQueue

KEYS = Keys()
LONG = 100_000.0
DELAY = LONG / 100
"""Seconds: no lease and no pause of a test ends by itself. They end when the machine says so, by their score in Redis,
which is all that Redis' clock is compared with."""
SHORT = 0.001
"""Seconds that a claim of a test waits for a job which nobody enqueues."""
# Everything there is, in one round trip: the invariants are looked at after every step.
SNAPSHOT = """
local all = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    if key ~= 'qwenedit:time' then -- a time that moves by itself
    local kind, value = redis.call('TYPE', key).ok, nil
    if kind == 'list' then value = redis.call('LRANGE', key, 0, -1)
    elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1)
    elseif kind == 'set' then value = redis.call('SMEMBERS', key)
    elseif kind == 'hash' then value = redis.call('HGETALL', key)
    elseif kind == 'stream' then value = {}
        for i, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do value[i] = entry[2] end
    else value = { redis.call('GET', key) } end
    all[#all + 1] = { key, kind, value, redis.call('TTL', key) }
    end
end
return cjson.encode(all)
"""

TOO_LATE = "1"
"""`expires_at` of a job that waited too long."""
FAIR, UNFAIR = 7, 11
whichever = st.integers(0, UNFAIR)
"""Which job or claim; below FAIR it is one with which something can be done, UNFAIR is a wrong one."""
workers = st.sampled_from(["worker-1", "worker-2", "worker-3"])


class Seen:
    """What Redis holds at one moment."""

    def __init__(self, encoded: str) -> None:
        self.values: dict[str, Any] = {}
        self.mortal: dict[str, bool] = {}
        """Whether a key has a TTL."""
        self.seconds: dict[str, int] = {}
        for key, kind, value, ttl in json.loads(encoded):
            flat = list(value)
            if kind == "hash":
                self.values[key] = dict(zip(flat[::2], flat[1::2], strict=True))
            else:
                self.values[key] = sorted(flat) if kind in {"set", "zset"} else flat
            self.mortal[key] = ttl >= 0
            self.seconds[key] = ttl

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seen) and (self.values, self.mortal) == (other.values, other.mortal)

    __hash__ = None  # type: ignore[assignment]  # it is compared, never kept in a set

    def get(self, key: str) -> list[Any]:
        return list(self.values.get(key, []))

    def jobs(self) -> dict[str, dict[str, str]]:
        return {
            key.removeprefix(KEYS.job_prefix): fields
            for key, fields in self.values.items()
            if key.startswith(KEYS.job_prefix)
        }


class QueueMachine(RuleBasedStateMachine):
    """Producers, workers, the janitor, users who cancel, time, and calls that come late or again."""

    runner: ClassVar[asyncio.Runner]
    redis: ClassVar[Redis]
    queue: ClassVar[JobQueue]
    reached: ClassVar[Counter[str]]
    """Which calls met which answers, in all examples: a machine that never gets somewhere shows nothing about it."""

    @initialize(
        max_queue_length=st.integers(2, 6),
        max_unfinished=st.integers(1, 4),
        attempts=st.lists(st.integers(1, 3), max_size=6),
        claims=st.integers(0, 3),
        cancels=st.integers(0, 2),
    )
    def start(self, max_queue_length: int, max_unfinished: int, attempts: list[int], claims: int, cancels: int) -> None:
        self.do(self.redis.flushdb())
        self.model = Model(max_queue_length, max_unfinished)
        self.seen = self.look()
        self.nothing_changes = False
        self.tokens = 0
        self.numbers = 0
        self.claims: list[tuple[str, str]] = []
        for max_attempts in attempts:
            self.enqueue(0, max_attempts)
            self.holds()
        for _ in range(claims):
            self.claim("worker-1")
            self.holds()
        for which, _claim in zip(range(cancels), self.claims, strict=False):  # else their ends are rarely met
            self.cancel(which)
            self.holds()

    def do(self, call: Any) -> Any:
        return self.runner.run(call)

    def note(self, call: str, *answers: str) -> None:
        self.reached.update(f"{call}: {answer}" for answer in answers)

    def look(self) -> Seen:
        return Seen(self.do(self.redis.eval(SNAPSHOT, 0)))

    # ---------------------------------------------------------------- the bot's side

    @rule(which=whichever, max_attempts=st.integers(1, 3))
    def enqueue(self, which: int, max_attempts: int) -> None:
        known_ids = list(self.model.jobs)
        if which < FAIR or not known_ids:
            self.numbers += 1
            job_id = name(self.numbers)
        else:
            job_id = known_ids[which % len(known_ids)]
        job = as_asked(job_id)
        (ref,) = job.edit.pictures
        known = self.model.jobs.get(job.id)
        if known is None or not known.final or not known.picture_dropped:
            self.do(self.redis.set(KEYS.picture(ref), "x", ex=durations.PICTURE))
        if known is not None and not known.final:
            self.seen = self.look()  # with the picture, which a job that was dropped and tried again had lost
        expected = self.model.enqueue(job.id, job.user_id, max_attempts)
        limits = QueueLimits(
            max_queue_length=self.model.max_queue_length,
            max_unfinished_per_user=self.model.max_unfinished,
            max_attempts=max_attempts,
            retry_delays=(DELAY,),
            max_wait=LONG,
        )
        try:
            outcome = self.do(self.queue.enqueue(job, limits, pictures_in_redis=True))
        except QueueFullError:
            outcome = "full"
        except TooManyUnfinishedError:
            outcome = "limited"
        if outcome in {"full", "limited"}:
            self.do(self.redis.delete(KEYS.picture(ref)))
        assert outcome == expected
        self.nothing_changes = known is not None or expected in {"full", "limited"}
        self.note("enqueue", "known" if known is not None else expected)

    @precondition(lambda self: self.model.jobs)
    @rule(which=whichever)
    def cancel(self, which: int) -> None:
        unfinished = self.model.of(State.QUEUED, State.RUNNING, State.DELAYED)
        some = unfinished if which < FAIR and unfinished else list(self.model.jobs.values())
        job_id = name(999) if which == UNFAIR else some[which % len(some)].id
        expected = self.model.cancel(job_id)
        assert self.do(self.queue.cancel(job_id)) is expected
        self.note("cancel", expected)

    @precondition(lambda self: self.model.jobs)
    @rule(which=whichever)
    def reword(self, which: int) -> None:
        waiting = self.model.of(State.QUEUED)
        # One that waits again after an attempt is rare, and is what must not be reworded.
        wanted = [job for job in waiting if (which < FAIR) is not bool(job.attempt)]
        some = wanted or list(self.model.jobs.values())
        job_id = name(999) if which == UNFAIR else some[which % len(some)].id
        words = f"words {which}"
        expected = self.model.reword(job_id, words)
        assert self.do(self.queue.reword(as_asked(job_id, words))) is expected
        self.nothing_changes = not expected
        self.note("reword", "waits" if expected else "unknown" if which == UNFAIR else "has begun")

    @rule()
    def tick(self) -> None:
        due, late, lost = self.model.tick()
        told = self.do(self.queue.tick())
        assert (list(told.due), list(told.expired)) == (due, late)
        assert [(attempt.job_id, attempt.outcome) for attempt in told.lost] == lost
        self.note("tick", *("due" for _job in due), *("late" for _job in late), *(outcome for _job, outcome in lost))
        self.nothing_changes = not (due or late or lost)

    @precondition(lambda self: self.model.jobs)
    @rule(which=whichever, earlier=st.booleans())
    def answered(self, which: int, *, earlier: bool) -> None:
        some = self.model.of(*FINAL) if which < FAIR else []
        some = some or list(self.model.jobs.values())
        job = some[which % len(some)]
        ending = job.requeued - 1 if earlier and job.requeued else job.requeued
        expected = self.model.answered(job.id, ending)
        assert (self.do(self.queue.answered(job.id, ending=ending)) is not None) is expected
        self.nothing_changes = not expected
        why = "not ended" if not job.final else "another end" if ending != job.requeued else "again"
        self.note("answered", "first" if expected else why)

    # ---------------------------------------------------------------- the operator's side

    @rule()
    def pause(self) -> None:
        first, _since = self.do(self.queue.pause())
        assert first is not self.model.paused
        self.nothing_changes = self.model.paused
        self.model.paused = True
        self.note("pause", "first" if first else "again")

    @precondition(lambda self: self.model.paused)
    @rule()
    def resume(self) -> None:
        assert self.do(self.queue.resume())
        assert not self.do(self.queue.resume())
        self.model.paused = False

    @precondition(lambda self: self.model.jobs)
    @rule(which=whichever)
    def requeue(self, which: int) -> None:
        some = self.model.of(State.RUNNING, State.DELAYED, State.FAILED) if which < FAIR else []
        some = some or list(self.model.jobs.values())
        job_id = name(999) if which == UNFAIR else some[which % len(some)].id
        job = self.model.jobs.get(job_id)
        before = job.state if job else None
        self.nothing_changes = before in {None, State.QUEUED, State.DONE, State.CANCELLED}
        expected = self.model.requeue(job_id)
        moved = expected == "queued" and before is not State.QUEUED
        assert self.do(self.queue.requeue(job_id)) == (expected, before if moved else None)
        self.note("requeue", f"{before} {expected}")

    @precondition(lambda self: self.model.jobs)
    @rule(which=whichever)
    def drop(self, which: int) -> None:
        some = self.model.buried if which < FAIR and self.model.buried else list(self.model.jobs)
        job_id = some[which % len(some)]
        expected = self.model.drop(job_id)
        assert self.do(self.queue.drop(job_id)) is expected
        self.note("drop", "dead" if expected else "not dead")
        self.nothing_changes = not expected

    @precondition(lambda self: self.model.jobs)
    @rule(which=whichever)
    def forget(self, which: int) -> None:
        some = [job.id for job in self.model.jobs.values() if job.answered] if which < FAIR else []
        some = some or list(self.model.jobs)
        job_id = some[which % len(some)]
        expected = self.model.forget(job_id)
        assert self.do(self.queue.forget_job(job_id)) is expected
        self.note("forget", "forgotten" if expected else "not yet")
        self.nothing_changes = not expected

    # ---------------------------------------------------------------- the worker's side

    @precondition(lambda self: self.model.of(State.QUEUED, State.RUNNING, State.DELAYED))
    @rule(worker=workers, waits=st.booleans())
    def claim(self, worker: str, *, waits: bool = False) -> None:
        self.tokens += 1
        # A wait that finds nothing leaves promoting and reaping to others.
        self.nothing_changes = waits and (self.model.paused or not self.model.line)
        self._claim(worker, f"token-{self.tokens}", waits=waits)

    @precondition(lambda self: self.claims)
    @rule(worker=workers, which=whichever, waits=st.booleans())
    def claim_again(self, worker: str, which: int, waits: bool) -> None:
        self.nothing_changes = True
        self._claim(worker, self.one_of_the_claims(which)[1], again=True, waits=waits)

    def _claim(self, worker: str, token: str, *, waits: bool, again: bool = False) -> None:
        expected = None if self.nothing_changes and not again else self.model.claim(token)
        claim = self.do(self.queue.claim(worker=worker, token=token, lease=LONG, wait=SHORT if waits else 0.0))
        assert (claim and (claim.job.id, claim.attempt, claim.job.edit.prompt)) == expected
        call = f"claim{' that waits' if waits else ''}{' again' if again else ''}"
        self.note(call, "a job" if claim else "none")
        if claim and not again:
            self.claims.insert(0, (claim.job.id, token))

    @precondition(lambda self: self.claims)
    @rule(which=whichever)
    def abandon(self, which: int) -> None:
        """Give back what a token has taken; like a token that took nothing, it takes nothing any more."""
        self.tokens += which == UNFAIR
        token = f"token-{self.tokens}" if which == UNFAIR else self.one_of_the_claims(which)[1]
        expected = self.model.abandon(token)
        assert self.do(self.queue.abandon(token)) is expected
        self.note("abandon", expected)
        if which == UNFAIR:
            self.claims.append((next(iter(self.model.jobs), name(999)), token))

    def one_of_the_claims(self, which: int) -> tuple[str, str]:
        """Choose a claim that holds, or one of all that ever were, or a claim's token for another job."""
        held = [claim for claim in self.claims if self.model.holds(*claim)]
        if which < FAIR and held:
            return held[which % len(held)]
        job_id, token = self.claims[which % len(self.claims)]
        return (next(iter(self.model.jobs), job_id) if which == UNFAIR else job_id), token

    @precondition(lambda self: self.claims)
    @rule(which=whichever, step=st.integers(0, 4), draining=st.booleans())
    def heartbeat(self, which: int, step: int, *, draining: bool) -> None:
        """Renew the lease, with news of the job's progress for steps above 0."""
        job_id, token = self.one_of_the_claims(which)
        expected = self.model.heartbeat(job_id, token, draining=draining)
        news: dict[str, Any] = {"phase": Phase.EDITING, "step": step, "steps": 4} if step else {}
        assert self.do(self.queue.heartbeat(job_id, token, lease=LONG, draining=draining, **news)) is expected
        self.note("heartbeat", expected)
        self.nothing_changes = expected == "lost"

    @precondition(lambda self: self.claims)
    @rule(which=whichever, how=st.sampled_from(["complete", "fail", "retry", "release", "defer"]))
    def settle(self, which: int, how: str) -> None:
        job_id, token = self.one_of_the_claims(which)
        self.nothing_changes = not self.model.holds(job_id, token)
        expected = self.model.settle(how, job_id, token)
        result = Result(picture=f"{job_id}:out:{token}", seed=7, seconds=1.5)
        outcomes: dict[str, Outcome] = {
            "complete": Done(result, b"png"),
            "fail": Fail(Reason.OUT_OF_MEMORY, "CUDA"),
            "retry": Retry(Reason.TIMEOUT, "300 s"),
            "release": Release(),
            "defer": Release(pause=DELAY),
        }
        assert self.do(self.queue.settle(job_id, token, outcomes[how])) is expected
        self.note(f"{how} again" if self.nothing_changes else how, expected)

    # ---------------------------------------------------------------- time

    def one_in(self, which: int, *states: State) -> ModelJob:
        found = self.model.of(*states)
        return found[which % len(found)]

    @precondition(lambda self: self.model.of(State.RUNNING))
    @rule(which=whichever)
    def lease_ends(self, which: int) -> None:
        job = self.one_in(which, State.RUNNING)
        key = KEYS.draining if job.draining else KEYS.leases
        self.do(self.redis.zadd(key, {job.id: self.model.is_over(job.id)}, xx=True))

    @precondition(lambda self: self.model.of(State.DELAYED))
    @rule(which=whichever)
    def pause_ends(self, which: int) -> None:
        job = self.one_in(which, State.DELAYED)
        self.do(self.redis.zadd(KEYS.delayed, {job.id: self.model.is_over(job.id)}, xx=True))

    @precondition(lambda self: self.model.of(State.QUEUED, State.DELAYED))
    @rule(which=whichever)
    def waits_too_long(self, which: int) -> None:
        job = self.one_in(which, State.QUEUED, State.DELAYED)
        job.late = True
        self.do(self.redis.hset(KEYS.job(job.id), "expires_at", TOO_LATE))

    # ---------------------------------------------------------------- what always holds

    @invariant()
    def holds(self) -> None:
        seen = self.look()
        if self.nothing_changes:
            assert seen == self.seen, "a call that must change nothing changed something"
        self.seen, self.nothing_changes = seen, False
        self._each_job_is_where_its_state_says(seen)
        self._is_as_the_model_says(seen)
        self._pictures_are_kept_as_long_as_their_jobs_need_them(seen)
        self._nothing_is_kept_for_ever(seen)

    def _each_job_is_where_its_state_says(self, seen: Seen) -> None:
        """Say it without the model: what it has in common with the scripts could be wrong in both."""
        places = Counter(
            (job_id, place)
            for place, key in (
                ("line", KEYS.job_queue),
                ("line", KEYS.held),
                ("leased", KEYS.leases),
                ("leased", KEYS.draining),
                ("delayed", KEYS.delayed),
                ("dead", KEYS.dead),
            )
            for job_id in seen.get(key)
        )
        belongs = {"queued": "line", "running": "leased", "delayed": "delayed", "failed": "dead"}
        jobs = seen.jobs()
        assert places == Counter(
            (job_id, belongs[job["state"]])
            for job_id, job in jobs.items()
            if job["state"] in belongs and "dropped" not in job
        )
        paused = KEYS.paused in seen.values
        line, aside = (KEYS.held, KEYS.job_queue) if paused else (KEYS.job_queue, KEYS.held)
        assert len(seen.get(line)) == sum(job["state"] == "queued" for job in jobs.values())
        assert not seen.get(aside)
        events = Counter(fields[1] for fields in seen.get(KEYS.events) if fields[1] in jobs)
        ends = {job_id: int(job.get("requeued", 0)) for job_id, job in jobs.items()}
        for job_id, job in jobs.items():
            ends[job_id] += job["state"] in {"done", "failed", "cancelled"}
        assert events == +Counter(ends)
        for job in jobs.values():
            if job["state"] == "delayed" and job.get("reason") and job["expires_at"] != TOO_LATE:
                patience = int(job["expires_at"]) - int(job["enqueued_at"])
                assert patience >= (DELAY + LONG) * 1000, "a job that began in time may wait as long again"

    def _is_as_the_model_says(self, seen: Seen) -> None:
        model = self.model
        assert seen.get(KEYS.held if model.paused else KEYS.job_queue) == model.line
        assert set(seen.get(KEYS.dead)) == set(model.buried)
        assert [(fields[1], fields[3]) for fields in seen.get(KEYS.events)] == model.events
        for draining, key in ((False, KEYS.leases), (True, KEYS.draining)):
            running = {job.id for job in model.of(State.RUNNING) if job.draining is draining}
            assert set(seen.get(key)) == running
        for user in range(3):
            unfinished = {job.id for job in model.jobs.values() if job.user == user and not job.final}
            assert set(seen.get(KEYS.user(user))) == unfinished
        jobs = seen.jobs()
        assert set(jobs) == set(model.jobs)
        for job in model.jobs.values():
            fields = jobs[job.id]
            found = [fields.get(key) for key in ("state", "attempt", "cancelling", "reason", "settled_by")]
            asked = "1" if job.cancelling else None
            assert found == [job.state.value, str(job.attempt), asked, job.reason, job.settled_by]
            assert job.token is None or fields["token"] == job.token

    def _pictures_are_kept_as_long_as_their_jobs_need_them(self, seen: Seen) -> None:
        expected: dict[str, str] = {}
        for job in self.model.jobs.values():
            if job.picture_kept:
                expected[f"{job.id}:in:0"] = job.picture_kept
            if job.result:
                expected[job.result] = "for long"
        prefix = KEYS.picture_prefix
        found = {
            key.removeprefix(prefix): how_long(seconds)
            for key, seconds in seen.seconds.items()
            if key.startswith(prefix)
        }
        assert found == expected
        spare = set[str]().union(*(job.spare for job in self.model.jobs.values()))
        assert set(seen.get(KEYS.answered_pictures)) == spare

    def _nothing_is_kept_for_ever(self, seen: Seen) -> None:
        jobs = {KEYS.job(job.id): job.final for job in self.model.jobs.values()}
        claims = {KEYS.claim_prefix + token: True for token in self.model.claims}
        records = {KEYS.accepted(job.id): True for job in self.model.jobs.values()}
        mortal = jobs | claims | records
        assert {key: seen.mortal.get(key) for key in mortal} == mortal
        assert all(seen.seconds[key] <= durations.UNANSWERED_JOB for key in jobs)
        users = {KEYS.user(user) for user in range(3)}
        pictures = {key for key in seen.values if key.startswith(KEYS.picture_prefix)}
        assert set(seen.values) <= {*mortal, *users, *pictures, *KEYS.kinds, KEYS.paused}


def how_long(seconds: int) -> str:
    return "for long" if seconds > durations.FAILED_JOB_PICTURES else "for a while"


def as_asked(job_id: str, words: str = "p") -> Job:
    edit = Edit(prompt=words, pictures=(f"{job_id}:in:0",), seed=1)
    return Job(id=job_id, user_id=int(job_id, 16) % 3, edit=edit, reply=None)


def name(number: int) -> str:
    return f"{number:016x}"
