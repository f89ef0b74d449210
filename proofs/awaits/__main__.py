"""A worker that is killed at any await of a job's path leaves a job that is answered once.

First one worker per scenario notes which awaits it meets. Then, for each await, a worker is started in a scenario
that meets it. It kills itself at the moment its task is suspended there: its request is on the wire, and nobody hears
the reply. In the end two workers that nobody kills do what is left of all these jobs.
"""

from __future__ import annotations

import sys
import time

from proofs.awaits.kills import kill_at, told
from proofs.awaits.places import all_awaits
from proofs.awaits.scenarios import SCENARIOS
from qwenedit_testkit.forks.launcher import forking
from qwenedit_testkit.programs import command_line, conclude


async def main() -> bool:
    """Kill, and print what came of each job; returns whether each was answered once, and each await was met."""
    known = all_awaits()
    parser = command_line(__doc__)
    parser.add_argument(
        "--module", action="append", choices=sorted({each.module for each in known}), metavar="MODULE",
        help="only awaits of this module, such as loop.settlement; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--scenario", action="append", choices=[each.name for each in SCENARIOS], metavar="SCENARIO",
        help="only this scenario; repeatable",
    )  # fmt: skip
    options = parser.parse_args()
    awaits = [each for each in known if not options.module or each.module in options.module]
    began = time.monotonic()
    only = [each for each in SCENARIOS if not options.scenario or each.name in options.scenario]
    with forking():
        findings = await kill_at(awaits, only=only, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(*told(findings), f"in {time.monotonic() - began:.0f} s", sep="\n")
    return findings.good


if __name__ == "__main__":
    conclude(main())
