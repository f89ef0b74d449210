"""What an abuser is."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from typing import Any

    from proofs.neighbours.harness import Harness

GENTLY = 0.02
"""Seconds between two messages of an endless flood: it is the bot's load that is measured, not the simulator's."""


class Abuser(ABC):
    """Somebody who takes more than their share.

    Attributes:
        name: On the command line.
        about: What they do, for the table.
        webhook: Whether the bot has to receive by webhook.
        refused: Whether a victim's photo may be refused in words meanwhile.
        stops_all: Whether nobody can be answered meanwhile; then only what comes after it is judged.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    webhook: ClassVar[bool] = False
    refused: ClassVar[bool] = False
    stops_all: ClassVar[bool] = False

    @abstractmethod
    async def abuse(self, harness: Harness) -> None:
        """Go on until done, or until cancelled."""

    async def end(self, harness: Harness) -> None:  # noqa: B027 - most leave nothing behind
        """Take back what outlasts them."""


async def together(tasks: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Do things at the same time, until all are done."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)
