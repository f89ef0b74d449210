"""The events that a running prompt sends, in the real server's order and to the sockets it sends them to.

They are apart from the run itself because the real server's choice of sockets is peculiar. Without a client id,
progress goes to every socket and nearly everything else to none.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from comfyui_simulator.execution.queue import Prompt
    from comfyui_simulator.nodes.graph import Node


class EventSink(Protocol):
    """Where events go; callable from any thread."""

    def send(self, event: str, data: Mapping[str, Any], client_id: str | None) -> None:
        """Send to one client's socket, or to all."""


class PromptEvents:
    """Speaks for one prompt."""

    def __init__(self, prompt: Prompt, wire: EventSink) -> None:
        self._prompt = prompt
        self._wire = wire
        self._progress: dict[str, dict[str, Any]] = {}
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def message(self, event: str, data: Mapping[str, Any] | None = None, *, to_all: bool = False) -> None:
        """An event that the history keeps too."""
        stamped = {"prompt_id": self._prompt.id, **(data or {}), "timestamp": int(time.time() * 1000)}
        self.messages.append((event, stamped))
        if self._prompt.client_id is not None or to_all:
            self._wire.send(event, stamped, self._prompt.client_id)

    def node_starts(self, node: Node) -> None:
        """A node begins."""
        self._set_progress(node.id, value=0.0, total=1.0, state="running")
        self._to_client("executing", {"node": node.id, "display_node": node.id})

    def step(self, node: Node, value: int, total: int) -> None:
        """A sampling step is done."""
        self._set_progress(node.id, value=value, total=total, state="running")
        progress = {"value": value, "max": total, "prompt_id": self._prompt.id, "node": node.id}
        self._wire.send("progress", progress, self._prompt.client_id)

    def node_shows(self, node: Node, shown: Mapping[str, Any]) -> None:
        """A node has an output to show, computed or cached."""
        self._to_client("executed", {"node": node.id, "display_node": node.id, "output": shown})

    def node_ends(self, node: Node) -> None:
        """A node is done."""
        state = self._progress.get(node.id, {"max": 1})
        self._set_progress(node.id, value=state["max"], total=state["max"], state="finished")

    def prompt_ends(self) -> None:
        """The last event, after the history is written."""
        self._to_client("executing", {"node": None})

    def _to_client(self, event: str, data: Mapping[str, Any]) -> None:
        if self._prompt.client_id is not None:
            self._wire.send(event, {**data, "prompt_id": self._prompt.id}, self._prompt.client_id)

    def _set_progress(self, node_id: str, *, value: float, total: float, state: str) -> None:
        self._progress[node_id] = {"value": value, "max": total, "state": state, **self._names(node_id)}
        nodes = {key: dict(entry) for key, entry in self._progress.items()}
        self._wire.send("progress_state", {"prompt_id": self._prompt.id, "nodes": nodes}, self._prompt.client_id)

    def _names(self, node_id: str) -> dict[str, Any]:
        return {
            "node_id": node_id,
            "prompt_id": self._prompt.id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }
