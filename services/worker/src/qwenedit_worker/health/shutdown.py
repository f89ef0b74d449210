"""How a worker stops: after its job (SIGTERM), or at once (a second SIGTERM)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from qwenedit_worker.common.waiting import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)


class Shutdown:
    """The steps of a shutdown, none of which is ever undone.

    `draining`: no further job is claimed. `leaving`: the process ends after the running job. `abandoning`: it gives
    the running job back and ends.
    """

    def __init__(self, on_draining: Callable[[], None] = lambda: None) -> None:
        self._on_draining = on_draining
        self.draining = Signal()
        self.leaving = Signal()
        self.abandoning = Signal()

    def drain(self) -> None:
        """Claim no more jobs, but keep running: SIGUSR1's handler."""
        if not self.draining.is_set():
            log.info("worker.draining")
            self._on_draining()
        self.draining.set()

    def leave(self) -> None:
        """Exit after the running job, or at once if called again: SIGTERM's handler."""
        if self.leaving.is_set():
            self.abandon()
            return
        log.info("worker.leaving")
        self.drain()
        self.leaving.set()

    def abandon(self) -> None:
        """Return the running job to the line and exit."""
        if not self.abandoning.is_set():
            log.warning("worker.releasing")
        self.drain()
        self.leaving.set()
        self.abandoning.set()
