"""`qwenedit compatible`: whether this version may take over what Redis holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer
from qwenedit_jobs.redis.state_layout import LAYOUT, VERSION, check_layout

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.queue.queue import JobQueue


async def compatible(redis: Redis, keys: Keys, queue: JobQueue) -> Answer:
    """Look whether this version reads what Redis holds, and what it would take over. Nothing is changed.

    Raises:
        StateError: it does not.
    """
    found = await check_layout(redis, keys)
    counts = await queue.counts()
    noted = "no layout yet" if found.layout is None else f"layout {found.layout} of version {found.version}"
    running, other = counts.running + counts.draining, f"{counts.delayed} between attempts"
    text = (
        f"Redis holds {noted}; version {VERSION} reads layout {LAYOUT}. "
        f"It takes over {counts.waiting} waiting jobs, {running} running, {other}."
    )
    return Answer({"found": asdict(found), "layout": LAYOUT, "version": VERSION, "counts": asdict(counts)}, text)
