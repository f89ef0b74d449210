"""Waiting, trying again, and stopping in time."""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import TYPE_CHECKING, TypeVar

import structlog
from redis.exceptions import RedisError

from qwenedit_jobs.backoff import pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from typing import Any

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Run a coroutine, but cancel it and return None at the stop event."""
    task = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        for each in (task, stopped):
            each.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


async def every(
    seconds: float, stop: asyncio.Event, tick: Callable[[], Awaitable[None]], *, name: str, when: Callable[[], bool]
) -> None:
    """Call `tick` every so many seconds while `when` is true, until the stop event.

    A failure of one call is logged, and the next one starts over from the state it finds.
    """
    failing = False
    while not stop.is_set():
        started = time.monotonic()
        if when():
            try:
                await tick()
            except Exception as error:  # noqa: BLE001 - a defect in one tick must not end the janitor for good
                if not all(isinstance(each, RedisError) for each in _single(error)):
                    log.error("loop.failed", loop=name, **described(error))  # noqa: TRY400 - it may quote a prompt
                elif not failing:
                    log.warning("loop.redis_unavailable", loop=name, error=next(_single(error)))
                failing = True
            else:
                if failing:
                    log.info("loop.recovered", loop=name)
                failing = False
        await pause(stop, max(0.0, seconds - (time.monotonic() - started)))


def described(error: BaseException) -> dict[str, str]:
    """Describe an unforeseen error by its type and place: its message may quote a user's words."""
    kinds = {type(each).__name__: each for each in _single(error)}
    return {
        "error": ", ".join(kinds),
        "frames": "".join(line for each in kinds.values() for line in traceback.format_tb(each.__traceback__)),
    }


def _single(error: BaseException) -> Iterator[BaseException]:
    """Yield each error of a group, which is raised if several tasks fail at once."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _single(each)
    else:
        yield error
