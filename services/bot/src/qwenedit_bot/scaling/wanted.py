"""How many workers are wanted: the least number that keeps the forecast within the target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from qwenedit_bot.scaling.decision import Bound, Decision, Memory, Why
from qwenedit_bot.scaling.forecast import Times, expected, forecast, parts, sane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwenedit_bot.scaling.forecast import Forecast, Part
    from qwenedit_bot.scaling.policy import Policy
    from qwenedit_bot.scaling.scene import Scene

SAVES = 0.3
"""Of the target: seconds of lateness that one more worker must spare all jobs together that are late in any case."""
LEAST_HOLD, MOST_HOLD = 60.0, 900.0
"""Seconds for which a number is held at least and at most, where the operator has not said for how long. A cold start
that waited a night for a GPU is no reason to keep one for a night."""
OVERDUE = 2.0
"""Times a cold start after which a worker that is up, and not ready, is not counted on."""


@dataclass(frozen=True, slots=True)
class _Workers:
    """When each worker could begin its next job, those first that go last."""

    there: tuple[float | None, ...]
    """Seconds; None: nobody counts on that one."""
    cold_start: float

    def first(self, count: int) -> list[float]:
        """Return when each of so many is free; those that are not there are ordered now."""
        ordered = [self.cold_start] * max(0, count - len(self.there))
        return [free for free in self.there[:count] if free is not None] + ordered

    def still_to_pay(self, index: int) -> float:
        """Return the share of a cold start that a worker has before it: 1 for one that would be ordered now."""
        if index >= len(self.there):
            return 1.0
        return min(1.0, (self.there[index] or 0.0) / self.cold_start)


def decide(scene: Scene, policy: Policy, memory: Memory) -> Decision:
    """Say how many workers are wanted now.

    Call it every few seconds, and whenever jobs came or ended. It reads no clock: the time is `scene.outlook.now`. What
    it has to remember is in `memory`, which it returns as `Decision.memory`. Numbers of a scene that cannot be, such as
    negative seconds or NaN, count as unknown or as none.

    - `wanted` is never above `policy.most`, and otherwise never below `policy.minimum` or the jobs in hand. While jobs
      wait it is at least 1.
    - A worker is ordered only where it keeps jobs within the target, or spares those enough lateness that are late in
      any case. So none is ordered that would come after the line is done.
    - Where waiting jobs have come in each of the last three minutes, as many more are expected until a worker that is
      ordered now would be ready.
    - A number that was needed stays wanted for `policy.hold`: to give a worker back and to order it again costs a
      cold start, so it may idle for as long. None is ordered again for that. Without any job nothing is held: how
      long workers stay then is said by KEDA's cooldown and the HPA's stabilization.

    Args:
        scene: What is there.
        policy: What the operator wants.
        memory: Of the decision before, or `Memory()`.
    """
    outlook = scene.outlook
    times = Times(outlook.durations, outlook.cold_start)
    ready = max(0, outlook.workers, len(scene.running))
    orders = _orders(scene, memory, ready, times)
    line = parts(scene.line, times)
    jobs = sum(part.jobs for part in line)
    workers = _workers(scene, ready, orders, times)
    least = max(policy.minimum, len(scene.running), min(jobs, 1))
    low = min(policy.most, least)
    needed, why, bound = low, Why.RUNNING if scene.running else Why.NO_JOBS, None
    if outlook.paused:
        why = Why.PAUSED
    elif line:
        needed, why, bound = _for_line(line, workers, low, policy)
    if bound is None and needed == low:
        bound = _low_bound(least, jobs, len(scene.running), policy)
    hold = min(max(LEAST_HOLD, workers.cold_start), MOST_HOLD) if policy.hold is None else policy.hold
    there = ready + len(orders)
    held = _held(memory, outlook.now, needed, there, hold)
    idle = not line and not scene.running
    wanted = needed if idle else min(policy.most, max(needed, min(there, held[0][1])))
    if wanted > needed and not outlook.paused:
        why, bound = Why.HELD, None
    told = forecast(line, workers.first(wanted)) if line and not outlook.paused else None
    return Decision(
        wanted=wanted,
        why=why,
        bound=bound,
        forecast=told.usual_worst() if told else None,
        needed=needed,
        jobs=jobs,
        late=told.late([policy.target] * len(line)) if told else 0,
        running=len(scene.running),
        ready=ready,
        starting=len(orders),
        too_short=any(part.seconds > policy.target for part in line),
        assumed=tuple(sorted(times.assumed)),
        memory=Memory(wanted, ready, held, _ordered(orders, outlook.now, max(wanted - ready, outlook.unready))),
    )


def _for_line(line: tuple[Part, ...], workers: _Workers, low: int, policy: Policy) -> tuple[int, Why, Bound | None]:
    """Find the least number that does the line in time."""
    busy = (*line, *expected(line, workers.cold_start))
    targets = [policy.target] * len(busy)

    @cache
    def by(count: int) -> Forecast:
        return forecast(busy, workers.first(count))

    if by(low).late(targets) == 0:
        return low, Why.ON_TIME, None
    best = by(policy.most)
    limits = [policy.target if wait <= policy.target else math.inf for wait in best.waits]
    in_time = _least(low, policy.most, lambda count: by(count).late(limits) == 0)

    def enough(count: int) -> bool:
        """Whether one more would spare too little."""
        spared = by(count).lateness(policy.target) - by(count + 1).lateness(policy.target)
        return not spared > SAVES * policy.target * workers.still_to_pay(count)

    needed = in_time if max(best.waits) <= policy.target else _least(in_time, policy.most, enough)
    if by(needed).late(targets) == 0:
        return needed, Why.ON_TIME, None
    helps = needed == policy.most and by(2 * policy.most).usual_worst() < best.usual_worst()
    return needed, Why.LATE, policy.upper_bound if helps else None


def _least(low: int, high: int, fits: Callable[[int], bool]) -> int:
    """Return the least number that fits, where each greater one does as well; `high` where none below it does."""
    if low < high and not fits(high - 1):  # a long line wants all that there may be, and is slow to forecast
        return high
    while low < high:
        middle = (low + high) // 2
        if fits(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _low_bound(least: int, jobs: int, running: int, policy: Policy) -> Bound | None:
    if least > policy.most:
        return policy.upper_bound
    return Bound.MINIMUM if policy.minimum > max(running, min(jobs, 1)) else None


def _workers(scene: Scene, ready: int, orders: Sequence[float], times: Times) -> _Workers:
    """Order the workers as they are kept: those with a job, idle ones, and those that start, the oldest first."""
    cold_start = times.cold_start()
    there: list[float | None] = [*sorted(times.left(job) for job in scene.running)]
    there += [0.0] * (ready - len(there))
    stuck = max(0, scene.outlook.unready)
    late: list[float | None] = []
    for at in orders:
        age = sane(scene.outlook.now - at)
        if age > OVERDUE * cold_start and len(late) < stuck:
            late.append(None)  # it has a node, and does not become ready: another one may
        else:
            there.append(max(cold_start - age, min(age, cold_start) * 0.25))
    return _Workers((*there, *late), cold_start)


def _orders(scene: Scene, memory: Memory, ready: int, times: Times) -> tuple[float, ...]:
    """Say when each worker was ordered that is not ready yet, the oldest first."""
    now = scene.outlook.now
    if scene.starting is not None:
        return tuple(sorted(now - sane(age) for age in scene.starting))
    unready = max(0, scene.outlook.unready)
    if memory.wanted is None:  # nobody knows how long they have been starting
        return (now - times.cold_start() / 2,) * unready
    arrived = max(0, ready - memory.ready)
    orders = tuple(min(at, now) for at in memory.orders[arrived:])
    return _ordered(orders, now, max(memory.wanted - ready, unready))


def _ordered(orders: tuple[float, ...], now: float, count: int) -> tuple[float, ...]:
    """Keep so many orders: the newest are taken back first, and what is missing is ordered now."""
    kept = orders[: max(0, count)]
    return kept + (now,) * (count - len(kept))


def _held(memory: Memory, now: float, needed: int, there: int, hold: float) -> tuple[tuple[float, int], ...]:
    """Return what was needed within the time for which a number is held, the greatest number first."""
    before = memory.needed
    if memory.wanted is None:  # a new leader takes back nothing that another one has just ordered
        before = ((now, there),)
    kept = [(at, number) for at, number in before if 0 <= now - at < hold and number > needed]
    return (*kept, (now, needed))
