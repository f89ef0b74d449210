"""Waiting for what another process does, and tells nobody of."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Answer = TypeVar("Answer")

PAUSE = 0.02
"""Seconds between two questions."""


@overload
async def eventually(question: Callable[[], Awaitable[Answer]], *, within: float = 60.0) -> Answer: ...
@overload
async def eventually(question: Callable[[], Answer], *, within: float = 60.0) -> Answer: ...
async def eventually(question: Callable[[], Awaitable[Answer] | Answer], *, within: float = 60.0) -> Answer:
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
