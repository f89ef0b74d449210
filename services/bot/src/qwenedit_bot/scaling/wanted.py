"""How many workers are wanted: the least number that keeps the forecast within the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.scaling.decision import Bound, Decision, Memory, Why
from qwenedit_bot.scaling.forecast import Times, forecast, parts, sane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_bot.scaling.forecast import Part
    from qwenedit_bot.scaling.policy import Policy
    from qwenedit_bot.scaling.scene import Scene

LATER = 1.5
"""Times the lateness with all workers that a job may have which is late in any case."""
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


def decide(scene: Scene, policy: Policy, memory: Memory) -> Decision:
    """Say how many workers are wanted now.

    Call it every few seconds, and whenever jobs came or ended. It reads no clock: the time is `scene.outlook.now`. What
    it has to remember is in `memory`, which it returns as `Decision.memory`. Numbers of a scene that cannot be, such as
    negative seconds or NaN, count as unknown or as none.

    - `wanted` is never above `policy.most`, and otherwise never below `policy.minimum` or the jobs in hand. While jobs
      wait it is at least 1.
    - A worker is ordered only where it keeps jobs within the target, or makes those clearly earlier that are late in
      any case. So none is ordered that would come after the line is done.
    - A number that was needed stays wanted for `policy.hold`.

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
    held = _held(memory, outlook.now, needed, ready + len(orders), policy)
    wanted = min(policy.most, max(needed, held[0][1]))
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
    best = forecast(line, workers.first(policy.most))
    target = [policy.target] * len(line)
    limits = [policy.target + LATER * max(0.0, wait - policy.target) for wait in best.waits]
    high = policy.most
    while low < high:
        middle = (low + high) // 2
        if forecast(line, workers.first(middle)).late(limits) == 0:
            high = middle
        else:
            low = middle + 1
    if forecast(line, workers.first(low)).late(target) == 0:
        return low, Why.ON_TIME, None
    more = forecast(line, workers.first(2 * policy.most))
    helps = low == policy.most and more.usual_worst() < best.usual_worst()
    return low, Why.LATE, policy.upper_bound if helps else None


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


def _held(memory: Memory, now: float, needed: int, there: int, policy: Policy) -> tuple[tuple[float, int], ...]:
    """Return what was needed within the time for which a number is held, the greatest number first."""
    before = memory.needed
    if memory.wanted is None:  # a new leader takes back nothing that another one has just ordered
        before = ((now, there),)
    kept = [(at, number) for at, number in before if 0 <= now - at < policy.hold and number > needed]
    return (*kept, (now, needed))
