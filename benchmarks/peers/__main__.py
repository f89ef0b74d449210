"""How fast queues on Redis are beside ours.

What is measured, how, and with which settings: docs/testing.md.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers import report
from benchmarks.peers.catalogue import FLOOR, OURS, PEERS
from benchmarks.peers.measures import speed
from benchmarks.peers.measures.speed import Speed
from qwenedit_testkit.programs import command_line, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.catalogue import Peer


async def main() -> None:
    """Measure and print."""
    known = {peer.name: peer for peer in (FLOOR, OURS, *PEERS)}
    parser = command_line(__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(known)}; without, all of them")
    parser.add_argument("--rounds", type=whole(), default=1, help="of all measurements (%(default)s)")
    parser.add_argument("--jobs", type=whole(), default=100, help="of one queue's pickup in one round (%(default)s)")
    options = parser.parse_args()
    if unknown := set(options.peers) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    peers = [known[name] for name in options.peers or known]
    for peer in peers:
        peer.python()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        speeds = await _speeds(peers, Path(folder), rounds=options.rounds, jobs=options.jobs)
    rows = [report.row(peer, speeds[peer.name]) for peer in peers]
    about = f"{report.machine()}; {options.rounds} rounds"
    about += f", in {time.monotonic() - began:.0f} s; load {os.getloadavg()[0]:.1f} at the end"
    print(f"{report.tables(rows)}\n\n{about}.")


async def _speeds(peers: Sequence[Peer], folder: Path, *, rounds: int, jobs: int) -> dict[str, Speed]:
    found = {peer.name: Speed() for peer in peers}
    for number in range(rounds):
        for turn in range(len(peers)):
            peer = peers[(turn + number) % len(peers)]
            _say(f"round {number + 1} of {rounds}: {peer.shown}")
            await speed.measure(peer, folder / f"{peer.name}-{number}", found[peer.name], jobs=jobs)
    return found


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
