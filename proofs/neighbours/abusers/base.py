"""What an abuser is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from typing import Any

    from proofs.neighbours.harness import Harness

GENTLY = 0.02
"""Seconds between two messages of an endless flood: it is the bot's load that is measured, not the simulator's."""

Abuse = Callable[["Harness"], Awaitable[None]]
"""Goes on until done, or until cancelled, and then takes back what outlasts it."""


@dataclass(frozen=True, slots=True)
class Abuser:
    """Somebody who takes more than their share."""

    name: str
    abuse: Abuse
    webhook: bool = False
    """Whether the bot has to receive by webhook."""
    refused: bool = False
    """Whether a victim's photo may be refused in words meanwhile."""
    stops_all: bool = False
    """Whether nobody can be answered meanwhile; then only what comes after it is judged."""


ALL: dict[str, Abuser] = {}


def abuser(*, webhook: bool = False, refused: bool = False, stops_all: bool = False) -> Callable[[Abuse], Abuse]:
    """Make an abuser of a function, under its name."""

    def known(abuse: Abuse) -> Abuse:
        name = getattr(abuse, "__name__", "").replace("_", "-")
        ALL[name] = Abuser(name, abuse, webhook=webhook, refused=refused, stops_all=stops_all)
        return abuse

    return known


async def together(tasks: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Do things at the same time, until all are done."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)
