"""Reads many jobs without holding up what else the process does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from qwenedit_jobs import JobQueue, Status

READ_AT_ONCE = 25
"""Jobs that are read and drawn without a pause: some 10 ms, in which nothing else happens."""


async def in_parts(queue: JobQueue, ids: Sequence[str]) -> AsyncIterator[tuple[Sequence[str], list[Status]]]:
    """Yield some of the ids each time, and what is known of these jobs."""
    for start in range(0, len(ids), READ_AT_ONCE):
        part = ids[start : start + READ_AT_ONCE]
        yield part, await queue.statuses(part)
