"""A service of ours as a process, changed by `CHAOS_*` in its environment: `python -m proofs.chaos.seam worker`.

The changes lie outside of what is tested. They are the clock that the process sees, the pace that Telegram allows,
and the folder that the scripts are read from. A job may also bring its worker down, and a worker may stand still.
"""

from __future__ import annotations

import importlib
import os
import random
import runpy
import signal
import sys
import time
from pathlib import Path

POISON = "poison"
"""A job with this word in its instruction kills every worker that executes it."""


def _scripts(folder: str) -> None:
    queue = importlib.import_module("qwenedit_jobs.queue.queue_view")
    queue.SCRIPTS = Path(folder)  # type: ignore[attr-defined]


def _pace(rate: str) -> None:
    """Let the bot speak faster than Telegram allows; the simulator is told not to mind."""
    limiter = importlib.import_module("qwenedit_bot.chat.rate_limit")
    limiter.OVERALL = limiter.CHAT = limiter.Rate(interval=1 / float(rate), burst=int(rate))  # type: ignore[attr-defined]


def _clock(seed: str) -> None:
    """Let SIGUSR2 move the wall clock by up to an hour, forward or back, as an NTP server may."""
    real, dice, offset = time.time, random.Random(seed), 0.0

    def step(_number: int, _frame: object) -> None:
        nonlocal offset
        offset = dice.uniform(-3600, 3600)

    time.time = lambda: real() + offset
    signal.signal(signal.SIGUSR2, step)


def _poison(word: str) -> None:
    editor = importlib.import_module("qwenedit_worker.loop.workflow_editor").ComfyUIEditor
    edit = editor.edit

    async def deadly(self: object, job: object, **named: object) -> object:
        if word in job.edit.prompt:  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGKILL)
        return await edit(self, job, **named)

    editor.edit = deadly


def _stop(_value: str) -> None:
    """Stop the process just before it hands its first result in, as a machine does that is suspended."""
    queue = importlib.import_module("qwenedit_jobs.queue.leases").Leases
    settle = queue.settle

    async def stopped(self: object, *args: object) -> object:
        queue.settle = settle
        os.kill(os.getpid(), signal.SIGSTOP)
        return await settle(self, *args)

    queue.settle = stopped


CHANGES = {
    "CHAOS_SCRIPTS": _scripts,
    "CHAOS_PACE": _pace,
    "CHAOS_CLOCK": _clock,
    "CHAOS_POISON": _poison,
    "CHAOS_STOP": _stop,
}


def main() -> None:
    """Make the changes that the environment names, and run the service."""
    for name, change in CHANGES.items():
        if name in os.environ:
            change(os.environ[name])
    runpy.run_module(f"qwenedit_{sys.argv[1]}", run_name="__main__")


if __name__ == "__main__":
    main()
