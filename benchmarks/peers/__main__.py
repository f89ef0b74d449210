"""How fast queues on Redis are beside ours, what they lose of killed workers, and what they cost idle.

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
from benchmarks.peers.measures.idle import measure as measure_idle
from benchmarks.peers.measures.kills import measure as measure_losses
from benchmarks.peers.measures.speed import Speed
from qwenedit_testkit.programs import command_line, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.catalogue import Peer
    from benchmarks.peers.measures.idle import Idleness
    from benchmarks.peers.measures.kills import Losses


async def main() -> None:
    """Measure and print."""
    known = {peer.name: peer for peer in (FLOOR, OURS, *PEERS)}
    parser = command_line(__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(known)}; without, all of them")
    parser.add_argument(
        "--rounds", type=whole(least=0), default=1, help="of all measurements of speed; 0: none (%(default)s)"
    )
    parser.add_argument("--jobs", type=whole(), default=100, help="of one queue's pickup in one round (%(default)s)")
    parser.add_argument(
        "--kills", type=whole(least=0), default=50, help="of each queue's workers; 0: none (%(default)s)"
    )
    parser.add_argument("--idle", type=float, default=20, help="seconds; 0: not measured (%(default)s)")
    options = parser.parse_args()
    if unknown := set(options.peers) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    peers = [known[name] for name in options.peers or known]
    for peer in peers:
        peer.python()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        speeds = await _speeds(peers, Path(folder), rounds=options.rounds, jobs=options.jobs)
        losses = await _losses(peers, Path(folder), kills=options.kills)
        idle = await _idle(peers, Path(folder), seconds=options.idle)
    rows = [
        report.row(peer, speeds.get(peer.name, Speed()), losses.get(peer.name), idle.get(peer.name)) for peer in peers
    ]
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


async def _losses(peers: Sequence[Peer], folder: Path, *, kills: int) -> dict[str, Losses]:
    """Kill two queues' workers at a time, and wait for all queues' jobs together."""
    if not kills:
        return {}
    turns = asyncio.Semaphore(2)

    async def one(peer: Peer) -> tuple[str, Losses]:
        found = await measure_losses(peer, folder / f"{peer.name}-kills", kills=kills, turns=turns, seed=1)
        _say(f"{kills} kills: {peer.shown}")
        return peer.name, found

    return dict(await asyncio.gather(*(one(peer) for peer in peers)))


async def _idle(peers: Sequence[Peer], folder: Path, *, seconds: float) -> dict[str, Idleness]:
    if not seconds:
        return {}
    _say(f"idle for {seconds:.0f} s: all")
    found = await asyncio.gather(*(measure_idle(peer, folder / f"{peer.name}-idle", seconds=seconds) for peer in peers))
    return {peer.name: each for peer, each in zip(peers, found, strict=True)}


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
