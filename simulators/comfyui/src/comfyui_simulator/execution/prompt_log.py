"""What happened to prompts, for tests to ask: it outlives simulated restarts and, on disk, real ones."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from comfyui_simulator.execution.queue import Prompt


class PromptLog:
    """Prompts accepted, started and ended, appended to a file of JSON lines. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path = path
        lines = path.read_text().splitlines() if path.exists() else []
        self._entries: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def accepted(self, prompt: Prompt) -> None:
        """A prompt was queued."""
        self._add("accepted", prompt)

    def started(self, prompt: Prompt) -> None:
        """The executor took it."""
        self._add("started", prompt)

    def ended(self, prompt: Prompt, how: str) -> None:
        """It ended: success, error or vanished."""
        self._add(how, prompt)

    def prompts(self) -> list[dict[str, Any]]:
        """Every prompt ever accepted, in order, with its last state."""
        found: dict[str, dict[str, Any]] = {}
        with self._lock:
            for entry in self._entries:
                seen = found.setdefault(entry["prompt_id"], {**entry, "executions": 0, "history": []})
                seen["executions"] += entry["event"] == "started"
                seen["history"].append([entry["event"], entry["time"]])
                seen["state"] = entry["event"]
        return [{key: value for key, value in seen.items() if key not in {"event", "time"}} for seen in found.values()]

    def executions(self) -> dict[str, int]:
        """How often a prompt with this filename_prefix was started."""
        with self._lock:
            return dict(Counter(entry["prefix"] for entry in self._entries if entry["event"] == "started"))

    def _add(self, event: str, prompt: Prompt) -> None:
        entry = {
            "event": event,
            "time": time.time(),
            "prompt_id": prompt.id,
            "client_id": prompt.client_id,
            "number": prompt.number,
            "text": prompt.text,
            "prefix": prompt.prefix,
        }
        with self._lock:
            self._entries.append(entry)
            with self._path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
