"""Misuses the bot in many ways: other people's answers aren't delayed.

Real: the bot and two workers as processes, Redis, HTTP. Simulated: Telegram and its people, and ComfyUI. Each abuser
has a while alone beside people who ask for help and send photos, then all abusers have it together. The bot has the
memory that its pod has in the chart, and is killed beyond it as its pod would be. A process that ends is started
again.

Exit code 1, with a line for each promise that was broken. /help is answered within 1 s and a photo accepted within 3
s at p99. Each message is answered once, each photo by its picture. Memory stays within the limit. All is well again
after the abuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proofs._frame import prove
from proofs.neighbours import report
from proofs.neighbours.abusers import ALL
from proofs.neighbours.harness import Harness
from proofs.neighbours.trial import trial

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from proofs.neighbours.abusers import Abuser
    from proofs.neighbours.trial import Row

QUIET, TOGETHER = "quiet", "all at once"
LONGER = 2.0
"""All together go on for so many times as long as each alone."""
BEGINNING = 15.0
"""Seconds in which all together begin: some 150 people ask for the first time in the same second."""


async def neighbours(options: argparse.Namespace, folder: Path) -> list[str]:
    """Run each abuser alone and, unless some were chosen, a quiet time before and all of them together after."""
    chosen = [ALL[name] for name in options.abusers]
    everybody = len(chosen) == len(ALL)
    broken = []

    async def alone(harness: Harness, abuser: Abuser | None, *, fresh: bool) -> Row:
        webhook = abuser is not None and abuser.webhook
        if fresh or webhook:
            await harness.enter(webhook=webhook)
        harness.forget()
        abusers = [abuser] if abuser else []
        name = abuser.name if abuser else QUIET
        row = await trial(harness, abusers, name=name, seconds=options.seconds, patience=options.patience)
        print(report.line(row), flush=True)
        broken.extend(
            report.broken(row, refused=bool(abuser and abuser.refused), stops_all=bool(abuser and abuser.stops_all))
        )
        return row

    async with Harness(folder) as harness:
        if everybody:
            await alone(harness, None, fresh=True)
        fresh = not everybody
        for abuser in chosen:
            row = await alone(harness, abuser, fresh=fresh or abuser.refused)
            fresh = row.recovery is None or abuser.webhook or bool(row.errors)
        if everybody:
            await harness.enter(webhook=True)
            harness.roomy = True
            together = [abuser for abuser in chosen if not abuser.stops_all]
            row = await trial(
                harness,
                together,
                name=TOGETHER,
                seconds=options.seconds * LONGER,
                patience=options.patience,
                beginning=BEGINNING,
            )
            print(report.line(row), flush=True)
            broken += report.broken(row, refused=True, stops_all=False)
    return broken


if __name__ == "__main__":
    prove(
        neighbours,
        __doc__,
        abusers=(tuple(ALL), "who misuses the bot"),
        seconds=(15.0, "that each abuser has"),
        patience=(60.0, "seconds to recover in"),
    )
