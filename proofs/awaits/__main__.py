"""Kill a worker once at every await of a job's path: is each job answered, and once?

First one worker per scenario notes which awaits it meets. Then, for each await, a worker is started in a scenario
that meets it. It kills itself at the moment its task is suspended there: its request is on the wire, and nobody hears
the reply. In the end two workers that nobody kills do what is left of all these jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time

from proofs.awaits.kills import kill_at, told
from proofs.awaits.places import all_awaits
from proofs.awaits.scenarios import SCENARIOS


async def main() -> int:
    """Kill, and print what came of each job; 1 where one was not answered once, or an await was not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", action="append", help="only awaits of this module, such as settlement; repeatable")
    parser.add_argument("--scenario", action="append", help="only this scenario; repeatable")
    options = parser.parse_args()
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    awaits = [each for each in all_awaits() if not options.module or each.module in options.module]
    began = time.monotonic()
    only = [each for each in SCENARIOS if not options.scenario or each.name in options.scenario]
    findings = await kill_at(awaits, only=only, say=lambda line: print(line, file=sys.stderr, flush=True))
    print(*told(findings), f"in {time.monotonic() - began:.0f} s", sep="\n")
    return int(not findings.good)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
