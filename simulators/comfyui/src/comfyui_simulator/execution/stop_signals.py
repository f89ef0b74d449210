"""Waits inside the executor's thread: for the simulated GPU time, for an interrupt, for the end of the server."""

from __future__ import annotations

import threading
import time

from comfyui_simulator.common.errors import Interrupted, Killed, Stopped

TICK = 0.1
"""Seconds between two looks at the signals: about how late an interrupt acts on a real server in mid-step."""


class StopSignals:
    """The two signals that reach a running prompt."""

    def __init__(self) -> None:
        self._interrupted_at = 0.0
        self._interrupt = threading.Event()
        self._stop = threading.Event()
        self._killed = threading.Event()
        self._ignore_for = 0.0

    def interrupt(self) -> None:
        """Ask the running prompt to end."""
        self._interrupted_at = time.monotonic()
        self._interrupt.set()

    def begin(self, *, ignore_interrupts_for: float = 0.0) -> None:
        """Start on a prompt, forgetting an interrupt that came before it, as the server does.

        Args:
            ignore_interrupts_for: Seconds that an interrupt has to wait before it acts.
        """
        self._interrupt.clear()
        self._ignore_for = ignore_interrupts_for

    def stop(self) -> None:
        """End the executor at its next look."""
        self._stop.set()

    def kill(self) -> None:
        """End the executor at its next look, as a bug would."""
        self._killed.set()

    @property
    def stopped(self) -> bool:
        """Whether this life of the server is over."""
        return self._stop.is_set()

    def check(self) -> None:
        """A cooperative point.

        Raises:
            Interrupted: Somebody interrupted.
            Killed: Somebody wants the executor dead.
            Stopped: The server is over.
        """
        if self._stop.is_set():
            raise Stopped
        if self._killed.is_set():
            raise Killed
        if self._interrupt.is_set() and time.monotonic() >= self._interrupted_at + self._ignore_for:
            self._interrupt.clear()
            raise Interrupted

    def pause(self, seconds: float, *, interruptible: bool = True) -> None:
        """Let time pass.

        Raises:
            Interrupted: Somebody interrupted; never during an uninterruptible pause.
            Killed: Somebody wants the executor dead.
            Stopped: The server is over.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._stop.wait(min(left, TICK))
            if interruptible or self._stop.is_set() or self._killed.is_set():
                self.check()
