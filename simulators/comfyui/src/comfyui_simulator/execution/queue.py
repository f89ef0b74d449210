"""The prompts that wait, the one that runs, and the history of those that ended."""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfyui_simulator.nodes.graph import Graph

HISTORY_LIMIT = 10_000
"""Prompts that ComfyUI remembers, each with its whole graph."""


@dataclass(frozen=True, eq=False)
class Prompt:
    """An accepted prompt."""

    number: float
    id: str
    graph: Graph
    raw: Mapping[str, Any]
    extra_data: Mapping[str, Any]
    text: str
    prefix: str

    @property
    def client_id(self) -> str | None:
        """The socket that is told about it; None tells everybody of the progress and nobody of the rest."""
        client_id = self.extra_data.get("client_id")
        return None if client_id is None else str(client_id)

    def as_list(self) -> list[Any]:
        """The five fields that `/queue` and `/history` show."""
        return [self.number, self.id, self.raw, self.extra_data, list(self.graph.targets)]


@dataclass(frozen=True, kw_only=True)
class PromptOutcome:
    """How a prompt ended: what `/history/{id}` says."""

    status: str
    completed: bool
    messages: list[tuple[str, dict[str, Any]]]
    outputs: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def as_history(self, prompt: Prompt) -> dict[str, Any]:
        """The history entry."""
        status = {"status_str": self.status, "completed": self.completed, "messages": self.messages}
        return {"prompt": prompt.as_list(), "outputs": self.outputs, "status": status, "meta": self.meta}


class PromptQueue:
    """Thread-safe: the HTTP side puts, asks and deletes while the executor takes and finishes.

    Args:
        changed: Called after every change; makes the `status` events.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._lock = threading.RLock()
        self._not_empty = threading.Condition(self._lock)
        self._waiting: list[tuple[float, str, Prompt]] = []
        self._running: dict[str, Prompt] = {}
        self._history: dict[str, dict[str, Any]] = {}
        self._closed = False

    def put(self, prompt: Prompt) -> None:
        """Queue a prompt.

        Raises:
            TypeError: The same number and id are already waiting, next to each other in the heap. ComfyUI compares
                the graphs then, which cannot be compared; the entry stays in the heap, and if the executor is the
                one to meet it, its thread ends. The heap of tuples here reproduces both.
        """
        with self._lock:
            heapq.heappush(self._waiting, (prompt.number, prompt.id, prompt))
            self._changed()
            self._not_empty.notify()

    def take(self, timeout: float) -> Prompt | None:
        """The next prompt, which from now on runs; None after `timeout` seconds without one, and once closed."""
        with self._not_empty:
            if not self._waiting and not self._closed:
                self._not_empty.wait(timeout)
            if not self._waiting or self._closed:
                return None
            prompt = heapq.heappop(self._waiting)[2]
            self._running[prompt.id] = prompt
            self._changed()
            return prompt

    def close(self) -> None:
        """Hand out no more prompts; go on accepting them."""
        with self._not_empty:
            self._closed = True
            self._not_empty.notify_all()

    def finish(self, prompt: Prompt, outcome: PromptOutcome | None) -> None:
        """Move the running prompt to the history; without an outcome it just disappears."""
        with self._lock:
            self._running.pop(prompt.id, None)
            if outcome is not None:
                if len(self._history) > HISTORY_LIMIT:
                    self._history.pop(next(iter(self._history)))
                self._history[prompt.id] = outcome.as_history(prompt)
                self._changed()

    def delete(self, prompt_id: str) -> bool:
        """Take a waiting prompt away, leaving no trace; False if it does not wait."""
        with self._lock:
            for index, (_, waiting_id, _) in enumerate(self._waiting):
                if waiting_id == prompt_id:
                    self._waiting.pop(index)
                    heapq.heapify(self._waiting)
                    self._changed()
                    return True
        return False

    def clear(self) -> None:
        """Take all waiting prompts away."""
        with self._lock:
            self._waiting.clear()
            self._changed()

    def running(self) -> list[Prompt]:
        """The running prompt, in a list as the API shows it."""
        with self._lock:
            return list(self._running.values())

    def waiting(self) -> list[Prompt]:
        """The waiting prompts, in the heap's order."""
        with self._lock:
            return [prompt for _, _, prompt in self._waiting]

    def remaining(self) -> int:
        """Waiting and running together, the figure in `status` events."""
        with self._lock:
            return len(self._waiting) + len(self._running)

    def if_running(self, prompt_id: str, act: Callable[[], None]) -> bool:
        """Act if this prompt runs, with no other taking its place meanwhile."""
        with self._lock:
            if prompt_id in self._running:
                act()
                return True
        return False

    def history(self, prompt_id: str) -> dict[str, Any] | None:
        """One history entry."""
        with self._lock:
            return self._history.get(prompt_id)

    def all_history(self) -> dict[str, dict[str, Any]]:
        """The history, oldest first."""
        with self._lock:
            return dict(self._history)

    def forget(self, prompt_id: str) -> None:
        """Delete a history entry, if it is there."""
        with self._lock:
            self._history.pop(prompt_id, None)

    def forget_all(self) -> None:
        """Delete the history."""
        with self._lock:
            self._history.clear()
