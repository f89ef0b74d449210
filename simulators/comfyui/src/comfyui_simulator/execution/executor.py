"""The thread that runs prompts, one at a time."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from comfyui_simulator.common.errors import Killed, Stopped, Vanished
from comfyui_simulator.execution.prompt_run import Run

if TYPE_CHECKING:
    from comfyui_simulator.execution.prompt_log import PromptLog
    from comfyui_simulator.execution.prompt_run import RunContext
    from comfyui_simulator.execution.queue import Prompt, PromptQueue

log = logging.getLogger(__name__)

LOOK_INTERVAL = 0.25
"""Longest wait for a prompt before looking whether the server is being stopped."""


class Executor(threading.Thread):
    """Takes prompts from the queue until the server is stopped, or until something unforeseen ends the thread.

    The latter is ComfyUI's own weakness, kept on purpose: HTTP goes on answering and nothing runs any more.
    """

    def __init__(self, queue: PromptQueue, shop: RunContext, ledger: PromptLog) -> None:
        super().__init__(name="executor", daemon=True)
        self._queue = queue
        self._shop = shop
        self._ledger = ledger
        self._killed = threading.Event()
        self._free: set[str] = set()

    def kill(self) -> None:
        """End the thread as a bug would, at once: a running prompt stays running, none is taken any more."""
        self._killed.set()
        self._queue.close()
        self._shop.pace.kill()

    def free(self, *, unload_models: bool, free_memory: bool) -> None:
        """Forget models and results once the running prompt is done."""
        if unload_models or free_memory:
            self._free.add("models")
        if free_memory:
            self._free.add("results")

    def run(self) -> None:
        """The thread's work."""
        try:
            while not self._shop.pace.stopped and not self._killed.is_set():
                prompt = self._queue.take(LOOK_INTERVAL)
                if prompt is not None:
                    self._run(prompt)
                self._free_memory()
        except Stopped:
            log.info("executor stopped in the middle of a prompt")
        except Killed:
            log.info("executor killed on demand; prompts will be accepted and not run")
        except Exception:
            log.exception("the executor thread died; prompts will be accepted and not run")

    def _run(self, prompt: Prompt) -> None:
        run = Run(prompt, self._shop)
        run.begin()
        self._ledger.started(prompt)
        try:
            outcome = run.run()
        except Vanished:
            self._ledger.ended(prompt, "vanished")
            self._queue.finish(prompt, None)
            return
        self._ledger.ended(prompt, outcome.status)
        self._queue.finish(prompt, outcome)
        run.tell.prompt_ends()

    def _free_memory(self) -> None:
        if "models" in self._free:
            self._shop.loaded.clear()
        if "results" in self._free:
            self._shop.cache.clear()
        self._free.clear()
