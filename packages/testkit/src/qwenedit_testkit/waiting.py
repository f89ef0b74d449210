"""Waiting for another process, and tasks that run meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

Answer = TypeVar("Answer")

PAUSE = 0.02
"""Seconds between two questions."""


@overload
async def eventually(question: Callable[[], Awaitable[Answer]], *, within: float = 120.0) -> Answer: ...
@overload
async def eventually(question: Callable[[], Answer], *, within: float = 120.0) -> Answer: ...
async def eventually(question: Callable[[], Awaitable[Answer] | Answer], *, within: float = 120.0) -> Answer:
    """Ask again and again until the answer is true, and return it.

    Args:
        question: A function, or a coroutine function.
        within: Seconds.

    Raises:
        AssertionError: the time is up; it says what the last answer was.
    """
    answer: Answer | None = None
    try:
        async with asyncio.timeout(within):
            while True:
                asked = question()
                answer = await asked if inspect.isawaitable(asked) else asked
                if answer:
                    return answer
                await asyncio.sleep(PAUSE)
    except TimeoutError:
        raise AssertionError(f"after {within:g} s the answer was still {answer!r}") from None


@asynccontextmanager
async def background(*coroutines: Coroutine[Any, Any, Any]) -> AsyncIterator[None]:
    """Run coroutines beside the block, and cancel them at its end."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        await cancelled(*tasks)


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, and wait until they have ended, however that is."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
