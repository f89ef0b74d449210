"""The prompts that wait, the one that runs, the history of those that ended, and a log of all for tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfyui_simulator.nodes.graph import output_prefix, prompt_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, eq=False)
class Prompt:
    """An accepted prompt.

    Attributes:
        graph: The workflow in API format.
        targets: Ids of the output nodes that are to be computed.
    """

    id: str
    number: int
    graph: Mapping[str, Any]
    targets: tuple[str, ...]
    extra_data: Mapping[str, Any]

    @property
    def client_id(self) -> str | None:
        """The socket that is told about it; None tells everybody of the progress and nobody of the rest."""
        client_id = self.extra_data.get("client_id")
        return None if client_id is None else str(client_id)

    @property
    def text(self) -> str:
        """Its longest instruction."""
        return prompt_text(self.graph)

    @property
    def prefix(self) -> str:
        """The start of its picture's name."""
        return output_prefix(self.graph)

    @property
    def about(self) -> str:
        """What a fault may name it by."""
        return f"{self.text}\n{self.prefix}\n{self.id}"

    def as_list(self) -> list[Any]:
        """Return the five fields that `/queue` and `/history` show."""
        return [self.number, self.id, self.graph, self.extra_data, list(self.targets)]


class Prompts:
    """Queue and history.

    Args:
        changed: Called after every change; makes the `status` events.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._arrived = asyncio.Event()
        self.waiting: list[Prompt] = []
        self.running: list[Prompt] = []
        self.history: dict[str, dict[str, Any]] = {}
        self.accepted = 0

    @property
    def remaining(self) -> int:
        """Waiting and running together, the figure in `status` events."""
        return len(self.waiting) + len(self.running)

    def put(self, prompt: Prompt) -> None:
        """Queue a prompt."""
        self.accepted += 1
        self.waiting.append(prompt)
        self._changed()
        self._arrived.set()

    async def take(self) -> Prompt:
        """Wait for the next prompt, which from now on runs."""
        while not self.waiting:
            self._arrived.clear()
            await self._arrived.wait()
        prompt = self.waiting.pop(0)
        self.running.append(prompt)
        self._changed()
        return prompt

    def finish(self, prompt: Prompt, outcome: dict[str, Any] | None) -> None:
        """Move the running prompt to the history; without an outcome it just disappears."""
        self.running.remove(prompt)
        if outcome is not None:
            self.history[prompt.id] = {"prompt": prompt.as_list(), **outcome}
            self._changed()

    def delete(self, prompt_id: str) -> None:
        """Take a waiting prompt away, leaving no trace."""
        left = [prompt for prompt in self.waiting if prompt.id != prompt_id]
        if len(left) < len(self.waiting):
            self.waiting = left
            self._changed()


@dataclass
class PromptLog:
    """What happened to prompts, for tests to ask: it outlives simulated restarts."""

    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(self, prompt: Prompt, event: str) -> None:
        """Note that a prompt was accepted or started, or how it ended: success, error or vanished."""
        entry = self._entries.setdefault(prompt.id, {"prefix": prompt.prefix, "executions": 0})
        entry["state"] = event
        entry["executions"] += event == "started"

    def prompts(self) -> list[dict[str, Any]]:
        """Return every prompt ever accepted, in order, with its last state."""
        return list(self._entries.values())
