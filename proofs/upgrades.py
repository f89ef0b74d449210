"""Upgrades from a revision to this one, and rolls back, under load: each message is answered once.

People keep sending photos and texts. When jobs wait, run and pause between two attempts, the product is upgraded; when
they do so again, it is rolled back. Each photo is to come back as one picture in one message, as the simulated Telegram
shows it. Both versions run as processes, with one Redis; the older one in an environment of its own.
"""

from __future__ import annotations

import asyncio
import os
import random
import shlex
import signal
import time
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from proofs._crowd import beside_crowd
from proofs._frame import prove
from qwenedit_testkit import ROOT
from qwenedit_testkit.system import START_TIMEOUT, System

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from local_stack import Service
    from proofs._crowd import Tally

STUMBLES = "stumble"
"""ComfyUI forgets the next job with that word when it is told to: its attempt fails, and another one comes later."""
STUMBLE_EVERY = 4.0
"""Seconds between two such orders."""
SETTINGS = {"RETRY_DELAYS": "20", "MAX_RETRIES": "6", "WORKER_LEASE": "10", "COMFYUI_TIMEOUT": "150"}
"""Of bot and workers: a pause between attempts that outlasts the beginning of a change, and attempts for all faults."""
WORKERS = 2
GRACE = 90.0
"""Seconds that a part has to end, in which a job may be finished."""
WITHIN = 120.0
"""Seconds in which jobs are to be everywhere."""


class Versions(System):
    """Redis, both simulators, and the bot and two workers of one of two versions.

    Args:
        folder: For data; empty.
        old: Checkout of the version that runs first, with its own environment.
    """

    def __init__(self, folder: Path, *, old: Path) -> None:
        super().__init__(folder, env=SETTINGS, comfyuis=WORKERS, step_seconds=0.5)
        self._old = old
        self._parts: list[Service] = []

    async def _prepare(self) -> None:
        self._parts = self._version(self._old)
        await self.start(*self._parts)

    def _version(self, checkout: Path) -> list[Service]:
        workflows = str(checkout / "services/comfyui/workflows")
        # Versions before POD_NAME read a worker's name from WORKER_ID.
        workers = [
            self.worker(f"worker-{number}", number, WORKFLOWS_DIR=workflows, WORKER_ID=f"worker-{number}")
            for number in range(WORKERS)
        ]
        parts = [self.bot("bot"), *workers]
        for part in parts if checkout != ROOT else ():
            part.command = (str(checkout / ".venv/bin/python"), *part.command[1:])
        return parts

    async def until_everywhere(self) -> str:
        """Wait until jobs are in line, in hand and between two attempts; returns how many."""
        told = time.monotonic() - STUMBLE_EVERY
        async with asyncio.timeout(WITHIN):
            while True:
                counts = await self.queue.counts()
                running = counts.running + counts.draining
                if counts.waiting and running and counts.delayed:
                    return f"{counts.waiting} / {running} / {counts.delayed}"
                if time.monotonic() - told > STUMBLE_EVERY and not counts.delayed:
                    for control in self.controls:
                        await control.fault("vanish", prompt=STUMBLES, at_step=1)
                    told = time.monotonic()
                await asyncio.sleep(0.2)

    async def become(self, checkout: Path) -> None:
        """Replace each part as the chart does with polling: the old one ends before the new one starts."""
        parts = self._version(checkout)
        await asyncio.gather(*(_replace(old, new) for old, new in zip(self._parts, parts, strict=True)))
        self._parts = parts


async def _replace(old: Service, new: Service) -> None:
    old.signal(signal.SIGTERM)
    async with asyncio.timeout(GRACE):
        code = await old.wait()
    if code:
        raise RuntimeError(f"{old.name} ended with {code}:\n" + "\n".join(old.lines[-20:]))
    await new.start(timeout=START_TIMEOUT)


async def one_run(folder: Path, old: Path, *, people: int, chance: random.Random) -> Tally:
    """Have people send, upgrade, roll back, and count."""
    async with Versions(folder, old=old) as product:

        async def there_and_back() -> None:
            for what, checkout in (("upgrade", ROOT), ("rollback", old)):
                counts = await product.until_everywhere()
                print(f"{what}, with {counts} jobs waiting / running / paused", flush=True)
                await product.become(checkout)
            await product.until_everywhere()

        def caption(own: random.Random) -> str:
            return f"make it snow{f', {STUMBLES}' if own.randrange(4) == 0 else ''}"

        return await beside_crowd(
            product.chats,
            there_and_back,
            people=people,
            chance=chance,
            pauses=(1.0, 3.0),
            most_unanswered=2,
            caption=caption,
        )


@asynccontextmanager
async def checked_out(revision: str, folder: Path) -> AsyncIterator[Path]:
    """Check a revision out into a folder, with its environment, for as long as the block runs."""
    await _run("git", "worktree", "add", "--detach", str(folder), revision)
    try:
        without = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        await _run(os.environ.get("UV", "uv"), "sync", "--frozen", "--all-packages", "--quiet", cwd=folder, env=without)
        yield folder
    finally:
        await _run("git", "worktree", "remove", "--force", str(folder))


async def _run(*argv: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    process = await asyncio.create_subprocess_exec(*argv, cwd=cwd, env=env, stdout=asyncio.subprocess.PIPE)
    out, _err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{shlex.join(argv)}: exit code {process.returncode}")
    return out.decode().strip()


async def upgrades(options: argparse.Namespace, folder: Path) -> list[str]:
    """Upgrade and roll back in each run."""
    async with AsyncExitStack() as stack:
        old = Path(options.checkout) if options.checkout else folder / "old"
        if not options.checkout:
            await stack.enter_async_context(checked_out(options.revision, old))
        revisions = [await _run("git", "rev-parse", "--short", "HEAD", cwd=cwd) for cwd in (old, ROOT)]
        print(f"from {' to '.join(revisions)} and back, {options.users} people")
        broken = []
        for number in range(1, options.runs + 1):
            chance = random.Random(options.seed + number)
            tally = await one_run(folder / f"run-{number}", old, people=options.users, chance=chance)
            print(f"run {number}: {tally}", flush=True)
            broken += tally.broken
            broken += [f"{tally.twice} messages were answered twice"] if tally.twice else []
    return broken


if __name__ == "__main__":
    prove(
        upgrades,
        __doc__,
        revision=("HEAD", "what is upgraded"),
        runs=(3, "how often"),
        checkout=("", "a folder that has that revision checked out, with its environment"),
        users=(12, "people who keep sending"),
    )
