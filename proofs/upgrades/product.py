"""What the proof does with the product, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from telegram_simulator.client import TelegramSimulator as Chats

STUMBLES = "stumble"
"""A word of an instruction, for the fault below."""
FAULT: dict[str, str | int] = {"fault": "vanish", "prompt": STUMBLES, "at_step": 1}
"""ComfyUI forgets the next job that has that word: its attempt fails, and another one comes after a pause."""
SETTINGS = {"RETRY_DELAYS": "20", "MAX_RETRIES": "6", "WORKER_LEASE": "10", "COMFYUI_TIMEOUT": "150"}
"""Of bot and workers: a pause between attempts that outlasts a rollout's begin, and attempts for all faults."""
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Counts:
    """How many jobs are where."""

    waiting: int
    running: int
    delayed: int

    @property
    def everywhere(self) -> bool:
        """Whether there are jobs in line, in hand and between two attempts."""
        return min(self.waiting, self.running, self.delayed) > 0

    def __str__(self) -> str:
        return f"{self.waiting} / {self.running} / {self.delayed}"


@dataclass(frozen=True, slots=True)
class Connections:
    """What became of connections that were opened to the webhook's Service, one after the other."""

    opened: int
    refused: int


class Product(Protocol):
    """The product in one of two versions. An async context manager; the old version runs inside the block."""

    chats: Chats

    async def counts(self) -> Counts:
        """Count the jobs."""

    async def stumble(self) -> None:
        """Have each ComfyUI forget the next job that has the word in its instruction."""

    async def upgrade(self) -> Connections | None:
        """Change to the new version; returns when it is rolled out."""

    async def roll_back(self) -> Connections | None:
        """Change to the old version again."""

    async def until_scaled(self) -> None:
        """Wait until KEDA goes by the rule of the version that runs; at once where nothing scales."""
