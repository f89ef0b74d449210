"""What the queue promises, said again without Redis: a model to hold the real scripts against."""

from __future__ import annotations

from dataclasses import dataclass, field

from qwenedit_jobs import Cancelled, Lease, Settled, State
from qwenedit_jobs.queue.operator_queue import Requeued

FINAL = (State.DONE, State.FAILED, State.CANCELLED)


@dataclass
class ModelJob:
    """A job as it should be."""

    id: str
    user: int
    max_attempts: int
    state: State = State.QUEUED
    attempt: int = 0
    token: str | None = None
    draining: bool = False
    cancelling: bool = False
    late: bool = False
    """It waited too long."""
    over_since: int | None = None
    """When its lease or its pause ended, on the model's clock; None: it has not."""
    settled_by: str | None = None
    settled_as: Settled | None = None
    reason: str | None = None
    answered: bool = False
    requeued: int = 0
    dropped: bool = False
    picture_dropped: bool = False
    """With the job, by an operator: one that is executed again all the same has none."""
    result: str | None = None
    """Reference of its result's picture."""
    words: str = "p"

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def picture_kept(self) -> str | None:
        """How long its picture is kept: as a new one, as a failed job's, or not at all."""
        if self.state in (State.DONE, State.CANCELLED) or self.picture_dropped:
            return None
        return "for a while" if self.state is State.FAILED else "for long"

    @property
    def spare(self) -> set[str]:
        """References of its pictures that nobody waits for."""
        if self.state is State.FAILED and self.picture_kept:
            return {f"{self.id}:in:0"}
        return {self.result} if self.answered and self.result else set()


@dataclass
class Model:
    """The queue as it should be."""

    max_queue_length: int
    max_unfinished: int
    jobs: dict[str, ModelJob] = field(default_factory=dict)
    line: list[str] = field(default_factory=list)
    """Next one last, as in Redis."""
    claims: dict[str, str | None] = field(default_factory=dict)
    """Token → job; None for one that is abandoned."""
    events: list[tuple[str, str]] = field(default_factory=list)
    """Job and final state, in their order."""
    buried: list[str] = field(default_factory=list)
    clock: int = 0
    paused: bool = False

    def of(self, *states: State) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.state in states]

    def holds(self, job_id: str, token: str) -> bool:
        job = self.jobs.get(job_id)
        return job is not None and job.state is State.RUNNING and job.token == token

    # ---------------------------------------------------------------- the bot's side

    def enqueue(self, job_id: str, user: int, max_attempts: int) -> State | str:
        if job_id in self.jobs:
            if not self.jobs[job_id].final:
                self.jobs[job_id].picture_dropped = False  # sent again
            return self.jobs[job_id].state
        if len(self.line) + len(self.of(State.DELAYED)) >= self.max_queue_length:
            return "full"
        if sum(job.user == user and not job.final for job in self.jobs.values()) >= self.max_unfinished:
            return "limited"
        self.jobs[job_id] = ModelJob(job_id, user, max_attempts)
        self.line.insert(0, job_id)
        return State.QUEUED

    def cancel(self, job_id: str) -> Cancelled:
        job = self.jobs.get(job_id)
        if job is None:
            return Cancelled.UNKNOWN
        if job.state is State.RUNNING:
            job.cancelling = True
            return Cancelled.CANCELLING
        if job.state is State.QUEUED:
            self.line.remove(job_id)
        if not job.final:
            self._finish(job, State.CANCELLED)
        return Cancelled(job.state)

    def reword(self, job_id: str, words: str) -> bool:
        job = self.jobs.get(job_id)
        if job is None or job.state is not State.QUEUED or job.attempt:
            return False
        job.words = words
        return True

    def tick(self) -> tuple[list[str], list[str], list[tuple[str, Settled]]]:
        """Return the jobs that are due, those that waited too long, and what became of those whose lease ran out."""
        lost = []
        for draining in (False, True):
            for job in self._over(State.RUNNING):
                if job.draining is draining:
                    job.token = None
                    lost.append((job.id, self._try_again(job, "worker_lost")))
        due = self._over(State.DELAYED)
        for job in due:
            job.state, job.over_since = State.QUEUED, None
            self.line.append(job.id)
        late = [job_id for job_id in self.line if self.jobs[job_id].late]
        for job_id in late:
            self.line.remove(job_id)
            self._finish(self.jobs[job_id], State.FAILED, reason="expired")
        return [job.id for job in due], late, lost

    def answered(self, job_id: str, ending: int) -> bool:
        job = self.jobs.get(job_id)
        if job is None or not job.final or job.answered or job.requeued != ending:
            return False
        job.answered = True
        return True

    # ---------------------------------------------------------------- the operator's side

    def requeue(self, job_id: str) -> Requeued:
        job = self.jobs.get(job_id)
        if job is None:
            return Requeued.UNKNOWN
        if job.state is State.RUNNING:
            job.token = None
            if job.cancelling:
                return Requeued(self._finish(job, State.CANCELLED))
            self._release(job)
        elif job.state is State.DELAYED:
            job.state, job.over_since = State.QUEUED, None
            self.line.append(job_id)
        elif job.state is State.FAILED:
            self._begin_anew(job)
        else:
            return Requeued(job.state)
        return Requeued.QUEUED

    def _begin_anew(self, job: ModelJob) -> None:
        if not job.dropped:
            self.buried.remove(job.id)
        job.state, job.attempt, job.reason, job.requeued = State.QUEUED, 0, None, job.requeued + 1
        job.settled_by, job.settled_as, job.answered, job.dropped, job.late = None, None, False, False, False
        self.line.insert(0, job.id)

    def drop(self, job_id: str) -> bool:
        if job_id not in self.buried:
            return False
        self.buried.remove(job_id)
        self.jobs[job_id].dropped = self.jobs[job_id].picture_dropped = True
        if self.jobs[job_id].answered:
            del self.jobs[job_id]
        return True

    def forget(self, job_id: str) -> bool:
        if not self.jobs[job_id].answered:
            return False
        if job_id in self.buried:
            self.buried.remove(job_id)
        del self.jobs[job_id]
        return True

    # ---------------------------------------------------------------- the worker's side

    def claim(self, token: str) -> tuple[str, int, str] | None:
        if token in self.claims:
            job_id = self.claims[token]
            if job_id is None or not self.holds(job_id, token):
                return None
            job = self.jobs[job_id]
            return job_id, job.attempt, job.words
        while self.line and not self.paused:
            job = self.jobs[self.line.pop()]
            if job.late:
                self._finish(job, State.FAILED, reason="expired")
                continue
            job.state, job.token, job.attempt = State.RUNNING, token, job.attempt + 1
            self.claims[token] = job.id
            return job.id, job.attempt, job.words
        return None

    def abandon(self, token: str) -> Settled:
        job_id, self.claims[token] = self.claims.get(token), None
        if job_id is None or not self.holds(job_id, token):
            return Settled.LOST
        job = self.jobs[job_id]
        return self._finish(job, State.CANCELLED) if job.cancelling else self._release(job)

    def heartbeat(self, job_id: str, token: str, *, draining: bool) -> Lease:
        if not self.holds(job_id, token):
            return Lease.LOST
        job = self.jobs[job_id]
        job.over_since = None
        job.draining = job.draining or draining
        return Lease.CANCELLED if job.cancelling else Lease.HELD

    def settle(self, how: str, job_id: str, token: str) -> Settled:
        job = self.jobs.get(job_id)
        if job is None or not self.holds(job_id, token):
            return job.settled_as if job and job.settled_by == token and job.settled_as else Settled.LOST
        ends = {
            "complete": lambda: self._complete(job, token),
            "fail": lambda: self._finish(job, State.FAILED, reason="out_of_memory"),
            "retry": lambda: self._try_again(job, "timeout"),
            "release": lambda: self._release(job),
            "defer": lambda: self._defer(job),
        }
        return self._finish(job, State.CANCELLED) if job.cancelling else ends[how]()

    # ---------------------------------------------------------------- time

    def is_over(self, job_id: str) -> int:
        """Let a job's lease or pause end now; later ones end later."""
        self.clock += 1
        self.jobs[job_id].over_since = self.clock
        return self.clock

    def _over(self, state: State) -> list[ModelJob]:
        over = [job for job in self.of(state) if job.over_since is not None]
        return sorted(over, key=lambda job: job.over_since or 0)

    # ---------------------------------------------------------------- the ends of an attempt

    def _let_go(self, job: ModelJob, outcome: Settled) -> None:
        if job.token is not None:
            job.settled_by, job.settled_as = job.token, outcome
        job.token, job.draining, job.over_since = None, False, None

    def _finish(self, job: ModelJob, state: State, reason: str | None = None) -> Settled:
        self._let_go(job, Settled(state))
        job.state, job.reason = state, reason or job.reason
        self.events.append((job.id, state.value))
        if state is State.FAILED:
            self.buried.append(job.id)
        return Settled(state)

    def _complete(self, job: ModelJob, token: str) -> Settled:
        job.result = f"{job.id}:out:{token}"
        return self._finish(job, State.DONE)

    def _defer(self, job: ModelJob) -> Settled:
        self._let_go(job, Settled.DELAYED)
        job.state, job.attempt, job.reason = State.DELAYED, job.attempt - 1, None
        return Settled.DELAYED

    def _release(self, job: ModelJob) -> Settled:
        self._let_go(job, Settled.QUEUED)
        job.state, job.attempt, job.reason = State.QUEUED, job.attempt - 1, None
        self.line.append(job.id)
        return Settled.QUEUED

    def _try_again(self, job: ModelJob, reason: str) -> Settled:
        if job.cancelling:
            return self._finish(job, State.CANCELLED)
        if job.attempt >= job.max_attempts:
            return self._finish(job, State.FAILED, reason)
        self._let_go(job, Settled.DELAYED)
        job.state, job.reason, job.late = State.DELAYED, reason, False
        return Settled.DELAYED
