"""Judges from outside whether ComfyUI's executor is alive or hangs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_worker import timeouts

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_worker.comfyui.protocol.api import Queue

SIGHTINGS = 3
"""Observations that must agree, so that a pause of this process is not taken for one of the executor's."""


@dataclass(frozen=True, slots=True)
class ExecutorVerdict:
    """What to tell the kubelet about ComfyUI."""

    condemned: bool
    """True: only a restart helps. False: alive, busy, or not enough evidence yet."""
    reason: str
    """In words, for the log and the probe's answer."""


ALIVE = ExecutorVerdict(condemned=False, reason="alive, as far as is known")


@dataclass(slots=True)
class _Since:
    """An observed state: for which prompt, since when, and how often it was seen."""

    prompt_id: str
    start: float
    sightings: int = 1


class ExecutorWatch:
    """Judges one server by observations over time.

    Args:
        longest_edit: Seconds after which a prompt of this worker is cancelled.
        clock: Monotonic seconds.
    """

    def __init__(self, *, longest_edit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._silence = longest_edit + 60.0
        self._clock = clock
        self._idle: _Since | None = None
        self._running: dict[str, _Since] = {}
        self._heard: dict[str, float] = {}
        self._found_idle: tuple[float, ExecutorVerdict] | None = None
        self._reached = False
        self._unreachable_since: float | None = None
        self._verdict = ALIVE

    @property
    def condemned(self) -> str:
        """Why the executor was condemned, by the newest verdict; empty where it was not."""
        return self._verdict.reason if self._verdict.condemned else ""

    def heard(self, prompt_id: str) -> None:
        """Note a sign of life of a prompt: any event about it."""
        self._heard[prompt_id] = self._clock()
        self._found_idle, self._verdict = None, ALIVE

    def gone(self) -> None:
        """Note that nothing listens there: the next process is a new one."""
        self._idle = self._found_idle = None
        self._running, self._verdict = {}, ALIVE

    def unreachable(self, error: str) -> ExecutorVerdict:
        """Judge a server that did not reply."""
        now = self._clock()
        if not self._reached:
            return ExecutorVerdict(condemned=False, reason=f"has not replied yet: {error}")
        if self._unreachable_since is None:
            self._unreachable_since = now
        seconds = now - self._unreachable_since
        self._verdict = ExecutorVerdict(condemned=seconds >= 60, reason=f"no reply for {seconds:.0f} s: {error}")
        return self._verdict

    def observe(self, queue: Queue) -> ExecutorVerdict:
        """Judge by the server's queue, now."""
        self._verdict = self._judge(queue)
        return self._verdict

    def _judge(self, queue: Queue) -> ExecutorVerdict:
        now = self._clock()
        self._reached = True
        self._unreachable_since = None
        self._note(queue, now)
        if (idle := self._idle) and idle.sightings >= SIGHTINGS and now - idle.start >= timeouts.EXECUTOR_IDLE:
            reason = f"{now - idle.start:.0f} s idle while prompt {idle.prompt_id} waits"
            self._found_idle = (now, ExecutorVerdict(condemned=True, reason=reason))
        if queue.running:
            self._found_idle = None
        # The jobs go elsewhere at once; the kubelet comes by every 10 s and restarts after three failures.
        if self._found_idle and now - self._found_idle[0] <= 60:
            return self._found_idle[1]
        for prompt_id, seen in self._running.items():
            if seen.sightings < SIGHTINGS:
                continue
            sign = max(seen.start, self._heard.get(prompt_id, seen.start))
            if now - sign >= self._silence:
                return ExecutorVerdict(
                    condemned=True, reason=f"prompt {prompt_id} runs without a sign for {now - sign:.0f} s"
                )
        return ExecutorVerdict(condemned=False, reason=f"{len(queue.running)} running, {len(queue.pending)} pending")

    def _note(self, queue: Queue, now: float) -> None:
        head = queue.pending[0] if queue.pending and not queue.running else None
        self._idle = _continued(self._idle, head, now) if head else None
        self._running = {i: _continued(self._running.get(i), i, now) for i in queue.running}
        known = {*queue.running, *queue.pending}
        self._heard = {i: at for i, at in self._heard.items() if i in known}


def _continued(before: _Since | None, prompt_id: str, now: float) -> _Since:
    if before is None or before.prompt_id != prompt_id:
        return _Since(prompt_id, now)
    return _Since(prompt_id, before.start, before.sightings + 1)
