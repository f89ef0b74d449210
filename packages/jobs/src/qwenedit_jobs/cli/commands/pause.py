"""`qwenedit pause` and `qwenedit resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, moment

if TYPE_CHECKING:
    from qwenedit_jobs.queue.operator_queue import OperatorQueue


async def pause(queue: OperatorQueue) -> Answer:
    """Let no job begin."""
    first, since = await queue.pause()
    at = moment(since, now=await queue.now())
    text = (
        "Paused. Jobs in hand are finished, new ones are accepted and wait; `qwenedit resume` lets them go on."
        if first
        else f"Paused already, since {at}."
    )
    return Answer({"paused_since": since, "changed": first}, text)


async def resume(queue: OperatorQueue) -> Answer:
    """End a pause."""
    ended = await queue.resume()
    waiting = (await queue.counts()).waiting
    text = f"Resumed; {waiting} waiting." if ended else f"Was not paused; {waiting} waiting."
    return Answer({"paused_since": None, "changed": ended}, text)
