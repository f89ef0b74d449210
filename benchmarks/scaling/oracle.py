"""A policy that knows the future: what the same photos would cost with no order in vain.

It knows when each photo comes and how long it takes. A worker is ordered so early that it is ready when its first photo
comes. Each photo goes to the worker that has been free for the shortest time and still keeps the target. A worker stays
over a gap where that is cheaper than another start. It is no proven optimum, but nothing that must wait for the future
comes near it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.scaling.cluster import EMPTY, LOAD, Spent

if TYPE_CHECKING:
    from benchmarks.scaling.traffic import Arrival


def oracle(arrivals: list[Arrival], *, target: float, node_start: float, most: int) -> Spent:
    """Serve photos within a target.

    Args:
        arrivals: All photos, in their order.
        target: Seconds from acceptance to picture.
        node_start: Seconds from a node's order until it is up.
        most: Workers at most.
    """
    spent = Spent()
    start = node_start + LOAD
    free: list[float | None] = [None] * most
    for job in arrivals:
        latest = max(job.at, job.at + target - job.seconds)
        fitting = [at for at in free if at is not None and at <= latest]
        if fitting:
            chosen = free.index(max(fitting))
        elif None in free:
            chosen = free.index(None)
        else:
            chosen = free.index(min(at for at in free if at is not None))
        was = free[chosen]
        begin = job.at if was is None else max(job.at, was)
        if was is None or begin - was > start + EMPTY:
            spent.nodes += 1
            spent.gpu += start + EMPTY
        else:
            spent.gpu += begin - was
        free[chosen] = begin + job.seconds
        spent.gpu += job.seconds
        spent.busy += job.seconds
        spent.waits.append(begin + job.seconds - job.at)
    return spent
