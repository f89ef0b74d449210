"""`qwenedit pause` and `qwenedit resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, moment

if TYPE_CHECKING:
    from qwenedit_jobs.cli.installation import Installation


async def pause(at: Installation) -> Answer:
    """Let no job begin."""
    first, since = await at.queue.pause()
    if not first:
        return Answer(f"Paused already, since {moment(since, now=await at.queue.now())}.")
    return Answer("Paused. Running jobs finish, new ones are accepted and wait; `qwenedit resume` starts them.")


async def resume(at: Installation) -> Answer:
    """End a pause."""
    ended = await at.queue.resume()
    waiting = (await at.queue.counts()).waiting
    return Answer(f"{'Resumed' if ended else 'Was not paused'}; {waiting} waiting.")
