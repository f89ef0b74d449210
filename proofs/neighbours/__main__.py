"""People who misuse the bot, each in another way, hold up nobody else.

Real: the bot and two workers as processes, Redis, HTTP. Simulated: Telegram and its people, and ComfyUI. Each abuser
has a while alone beside people who ask for help and send photos, then all abusers have it together. The bot has the
memory that its pod has in the chart, and is killed beyond it as its pod would be. A process that ends is started
again.

Exit code 1, with a line for each promise that was broken. /help is answered within 1 s and a photo accepted within 3
s at p99. Each message is answered once, each photo by its picture. Memory stays within the limit. All is well again
after the abuse.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from proofs.neighbours import report
from proofs.neighbours.abusers import ALL
from proofs.neighbours.crowd import crowd
from proofs.neighbours.harness import Harness
from proofs.neighbours.trial import Row, trial
from qwenedit_testkit import ROOT
from qwenedit_testkit.programs import command_line, conclude, seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from proofs.neighbours.abusers import Abuser

LONGER = 2.0
"""All together go on for so many times as long as each alone."""
BEGINNING = 15.0
"""Seconds in which all together begin: some 150 people ask for the first time in the same second."""


async def rows(options: argparse.Namespace) -> AsyncIterator[Row]:
    """Run all trials."""
    chosen = [abuser for abuser in ALL if not options.abusers or abuser.name in options.abusers]
    with tempfile.TemporaryDirectory(prefix="neighbours-") as folder:
        async with Harness(Path(folder), checkout=options.checkout) as harness:
            if options.alone and not options.abusers:
                yield await _alone(harness, None, options, fresh=True)
            fresh = bool(options.abusers)
            for abuser in chosen if options.alone else ():
                row = await _alone(harness, abuser(), options, fresh=fresh or abuser.refused)
                yield row
                fresh = row.recovery is None or abuser.webhook or bool(row.errors)
            if options.together:
                await harness.enter(webhook=True)
                harness.roomy = True
                together = [abuser() for abuser in chosen if not abuser.stops_all]
                yield await trial(
                    harness, together, name=report.TOGETHER, seconds=options.seconds * LONGER,
                    patience=options.patience, beginning=BEGINNING,
                )  # fmt: skip


async def _alone(harness: Harness, abuser: Abuser | None, options: argparse.Namespace, *, fresh: bool) -> Row:
    if fresh or (abuser is not None and abuser.webhook):
        await harness.enter(webhook=abuser is not None and abuser.webhook)
    harness.forget()
    name = abuser.name if abuser is not None else report.QUIET
    abusers = [abuser] if abuser is not None else []
    return await trial(harness, abusers, name=name, seconds=options.seconds, patience=options.patience)


async def main() -> bool:
    """Run what was asked for, and print it; returns whether all promises were kept."""
    parser = command_line(__doc__)
    parser.add_argument("abusers", nargs="*", choices=[[], *(abuser.name for abuser in ALL)], metavar="ABUSER",
                        help=f"of {', '.join(abuser.name for abuser in ALL)} (all)")  # fmt: skip
    parser.add_argument("--seconds", type=seconds, default=15, help="that each abuser has (%(default)s)")
    parser.add_argument("--patience", type=seconds, default=60, help="seconds to recover in (%(default)s)")
    parser.add_argument("--together", action=argparse.BooleanOptionalAction, default=None,
                        help="all at once as well (where all are asked for)")  # fmt: skip
    parser.add_argument("--alone", action=argparse.BooleanOptionalAction, default=True, help="each of them alone first")
    parser.add_argument("--crowd", action="store_true", help="instead: 1,000 people with 10,000 unfinished jobs")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="repository whose bot and workers run (this one)")
    parser.add_argument("--save", type=Path, help="file that the figures are kept in, as JSON")
    parser.add_argument("--write", action="store_true", help=f"the table into {report.PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    if options.together is None:
        options.together = not options.abusers
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}", flush=True
    )
    if options.crowd:
        return await crowd(options.checkout)
    seen, faults = [], []
    async for row in rows(options):
        seen.append(row)
        faults += report.broken(row)
        print(report.line(row), flush=True)
        if options.save:
            report.save(options.save, [row])
    print("\n".join(("", *(f"BROKEN {fault}" for fault in faults))) if faults else "\nKEPT")
    if options.write:
        report.write({row.name: report.figures(row) for row in seen})
    return not faults


if __name__ == "__main__":
    conclude(main())
