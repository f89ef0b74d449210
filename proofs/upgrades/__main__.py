"""An upgrade from a revision to this one, and the rollback, lose no message and answer none twice, under load.

People keep sending photos and texts. When jobs wait, run and pause between two attempts, the product is upgraded; when
they do so again, it is rolled back. Each photo is to come back as one picture in one message, as the simulated Telegram
shows it.

Both versions run here as processes, with one Redis. With `--cluster` each is installed on the cluster of KUBECONFIG by
its own chart, with images of its own. CONTAINER_TOOL builds them, and IMAGE_LOADER is the command that copies one onto
the nodes.

`--webhook`, on a cluster, has two replicas of the bot, and opens connections to their Service all the while. None may
be refused while replicas of this revision leave; replicas of older ones may refuse.

`--scaled`, on a cluster, has KEDA scale. It must tell of all jobs after the upgrade, and again after the rollback.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proofs.upgrades import checkout
from proofs.upgrades.cluster import UPGRADED, Cluster
from proofs.upgrades.crowd import Tally, judge, keep_sending
from proofs.upgrades.processes import Processes
from qwenedit_testkit import ROOT
from qwenedit_testkit.people import Sender
from qwenedit_testkit.programs import command_line, conclude, whole

if TYPE_CHECKING:
    import argparse

    from proofs.upgrades.product import Connections, Counts, Product

WITHIN = 120.0
"""Seconds in which jobs are to be everywhere."""
STUMBLE_EVERY = 4.0
"""Seconds between two orders to the ComfyUIs."""
TEXTS_EVERY = 4
"""Every so many people sends texts, the others photos."""
HEADER = (
    "| run | waiting / running / paused at the upgrade | seconds | at the rollback | seconds | photos | texts | lost |"
    " twice | connections refused: upgrade, rollback |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(slots=True)
class Change:
    """One change of versions."""

    at: Counts
    """Where the jobs were when it began."""
    seconds: float
    connections: Connections | None
    scaled: float
    """Seconds more until KEDA went by the version's rule."""


@dataclass(slots=True)
class Run:
    """An upgrade, a rollback, and what came of all messages."""

    upgrade: Change
    rollback: Change
    tally: Tally

    @property
    def good(self) -> bool:
        """Whether nothing was lost, shown twice, or refused by a replica of this revision."""
        left = self.rollback.connections
        return not (self.tally.lost or self.tally.twice or (left is not None and left.refused))

    def row(self, number: int) -> str:
        """Write it as a row of a table."""
        changes = [f"{change.at} | {change.seconds:.0f}" for change in (self.upgrade, self.rollback)]
        refused = [
            f"{each.refused} of {each.opened}" if each is not None else "-"
            for each in (self.upgrade.connections, self.rollback.connections)
        ]
        cells = [
            number, *changes, self.tally.photos, self.tally.texts, len(self.tally.lost), self.tally.twice,
            ", ".join(refused),
        ]  # fmt: skip
        return f"| {' | '.join(map(str, cells))} |"


async def jobs_everywhere(product: Product) -> Counts:
    """Wait until jobs are in line, in hand and between two attempts."""
    told = time.monotonic() - STUMBLE_EVERY
    async with asyncio.timeout(WITHIN):
        while not (counts := await product.counts()).everywhere:
            if time.monotonic() - told > STUMBLE_EVERY and not counts.delayed:
                await product.stumble()
                told = time.monotonic()
            await asyncio.sleep(0.2)
    return counts


async def change(product: Product, *, back: bool) -> Change:
    """Upgrade or roll back when there are jobs everywhere."""
    counts = await jobs_everywhere(product)
    began = time.monotonic()
    connections = await (product.roll_back() if back else product.upgrade())
    changed = time.monotonic()
    await product.until_scaled()
    return Change(counts, changed - began, connections, time.monotonic() - changed)


async def one_run(product: Product, chance: random.Random, users: int) -> Run:
    """Have people send, upgrade, roll back, and count."""
    senders = [Sender(await product.chats.user()) for _ in range(users)]
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for number, sender in enumerate(senders):
            texts = number % TEXTS_EVERY == 0
            tasks.create_task(keep_sending(sender, random.Random(chance.random()), over, texts=texts))
        upgrade = await change(product, back=False)
        rollback = await change(product, back=True)
        await jobs_everywhere(product)
        over.set()
    return Run(upgrade, rollback, await judge(senders))


async def prove(options: argparse.Namespace) -> bool:
    """Run all runs, and print a row for each."""
    good = True
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="upgrades-")))
        old = options.checkout
        if old is None:
            from_revision = options.revision or await checkout.last_release()
            old = await stack.enter_async_context(checkout.checked_out(from_revision, folder / "old"))
        revision = (await checkout.run("git", "rev-parse", "--short", "HEAD", cwd=old)).strip()
        this = (await checkout.run("git", "rev-parse", "--short", "HEAD")).strip()
        tag = f"from-{revision}"
        python = None if options.cluster else await checkout.environment(old)
        if options.cluster and not options.loaded:
            images = await checkout.build(old, tag)
            images += await checkout.build(ROOT, UPGRADED, checkout.TELEGRAM)
            await checkout.load(*images)
        where = "on the cluster" if options.cluster else "as processes"
        print(f"from {revision} to {this} and back, {where}, {options.users} people, seed {options.seed}")
        print(HEADER, flush=True)
        for number in range(1, options.runs + 1):
            product = (
                Processes(folder / f"run-{number}", old=old, python=python)
                if python is not None
                else Cluster(old=old, tag=tag, webhook=options.webhook, scaled=options.scaled)
            )
            async with product:
                run = await one_run(product, random.Random(options.seed + number), options.users)
            print(run.row(number), *run.tally.lost, sep="\n", flush=True)
            if options.scaled:
                print(f"KEDA told of all jobs {run.upgrade.scaled:.0f} s after the upgrade,", end=" ")
                print(f"and {run.rollback.scaled:.0f} s after the rollback", flush=True)
            good = good and run.good
    return good


async def main() -> bool:
    """Read the arguments, and prove."""
    parser = command_line(__doc__)
    parser.add_argument("--from", dest="revision", help="the revision that is upgraded (the last release, or HEAD)")
    parser.add_argument("--checkout", type=Path, help="a folder that has that revision checked out")
    parser.add_argument("--cluster", action="store_true", help="install both versions on KUBECONFIG's cluster")
    parser.add_argument("--webhook", action="store_true", help="there: two replicas of the bot, by webhook")
    parser.add_argument("--scaled", action="store_true", help="there: KEDA scales")
    parser.add_argument("--loaded", action="store_true", help="the images of both versions are on the nodes already")
    parser.add_argument("--runs", type=whole(), default=3, help="(%(default)s)")
    parser.add_argument("--users", type=whole(), default=12, help="who keep sending (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of all moments (%(default)s)")
    options = parser.parse_args()
    if options.webhook and not options.cluster:
        parser.error("--webhook needs --cluster: NAME=restarts replaces replicas with webhooks as processes")
    if options.scaled and not options.cluster:
        parser.error("--scaled needs --cluster: KEDA scales there")
    good = await prove(options)
    print("KEPT" if good else "BROKEN")
    return good


if __name__ == "__main__":
    conclude(main())
