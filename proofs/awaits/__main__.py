"""Kills a worker at each await of a job's path: the job is answered once.

First one worker per scenario notes which awaits it meets. Then, for each await, a worker is started in a scenario
that meets it. It kills itself at the moment its task is suspended there: its request is on the wire, and nobody hears
the reply. In the end two workers that nobody kills do what is left of all these jobs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from proofs._frame import prove
from proofs.awaits.kills import kill_at, told
from proofs.awaits.places import all_awaits
from proofs.awaits.scenarios import SCENARIOS
from qwenedit_testkit.forks.launcher import forking

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


async def awaits(options: argparse.Namespace, _folder: Path) -> list[str]:
    """Kill, and print what came of each job."""
    chosen = [each for each in all_awaits() if each.module in options.module]
    only = [each for each in SCENARIOS if each.name in options.scenario]
    with forking():
        findings = await kill_at(chosen, only=only, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(*told(findings), sep="\n")
    return findings.broken


if __name__ == "__main__":
    prove(
        awaits,
        __doc__,
        module=(tuple(sorted({each.module for each in all_awaits()})), "awaits of these modules"),
        scenario=(tuple(each.name for each in SCENARIOS), "scenarios"),
    )
