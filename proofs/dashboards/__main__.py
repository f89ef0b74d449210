"""Each query of the dashboards finds data in a Prometheus that scrapes a mixed run of jobs.

Real: Prometheus with the chart's rules, bot, two workers and Redis as processes. Simulated: Telegram and ComfyUI. Each
query must return numbers, each rule must be evaluated, and exemplars must lead to traces; else the exit code is 1.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from proofs.dashboards.observed import MIX, observed
from qwenedit_testkit.programs import command_line, conclude, unable, whole

if TYPE_CHECKING:
    from proofs.dashboards.observed import Observed

EXEMPLARS = (
    "qwenedit_job_answer_seconds_bucket", "qwenedit_queue_wait_seconds_bucket", "qwenedit_execution_seconds_bucket",
    "qwenedit_gpu_job_seconds_bucket", "qwenedit_model_load_seconds_bucket",
)  # fmt: skip


async def main() -> bool:
    """Run, and print what came of it."""
    parser = command_line(__doc__)
    parser.add_argument("--jobs", type=whole(), default=200, help="how many (200)")
    parser.add_argument("--stay", action="store_true", help="keep all of it running afterwards, to look at")
    options = parser.parse_args()
    program = shutil.which("prometheus")
    if program is None:
        unable("prometheus is not installed (Debian's package prometheus has it)")
    print(f"{options.jobs} jobs, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    with tempfile.TemporaryDirectory(prefix="observe-") as folder:
        async with observed(program, Path(folder)) as watched:
            started = time.monotonic()
            await watched.run(options.jobs)
            fates = ", ".join(f"{MIX.count(fate)} {fate}" for fate in dict.fromkeys(MIX))
            print(f"run in {time.monotonic() - started:.0f} s; of each {len(MIX)}: {fates}\n")
            await asyncio.sleep(2)  # two scrapes more
            good = await _queries(watched) & await _rules(watched) & await _exemplars(watched)
            if options.stay:
                print(f"\nLook at it: {watched.prometheus.url}  (Ctrl-C ends it)")
                await asyncio.Event().wait()
    return good


async def _queries(watched: Observed) -> bool:
    asked = await watched.asked()
    for dashboard in dict.fromkeys(one.dashboard for one in asked):
        print(f"{dashboard}:")
        for one in asked:
            if one.dashboard == dashboard:
                last = f"{one.numbers[-1]:.4g}" if one.numbers else "-"
                print(f"  {'data   ' if one.numbers else 'NOTHING'} {one.panel} {one.query}  ({last})")
    empty = [one for one in asked if not one.numbers]
    print(f"\n{len(asked) - len(empty)} of {len(asked)} queries of dashboards returned data")
    for one in empty:
        print(f"  nothing: {one.dashboard} / {one.panel}: {one.expression}")
    return not empty


async def _rules(watched: Observed) -> bool:
    rules = await watched.prometheus.rules()
    broken = [one for one in rules if one.trouble]
    fires = [one.name for one in rules if one.fires]
    print(f"{len(rules) - len(broken)} of {len(rules)} rules were evaluated; firing: {', '.join(fires) or 'none'}")
    for one in broken:
        print(f"  {one.name}: {one.trouble}")
    return not broken


async def _exemplars(watched: Observed) -> bool:
    missing = []
    for metric in EXEMPLARS:
        found = await watched.prometheus.exemplars(metric, start=watched.began, end=time.time())
        known = {span.trace_id for span in watched.collector.spans}
        traced = [one for one in found if one["trace_id"] in known]
        print(f"{len(traced)} of {len(found)} exemplars of {metric} lead to a trace that was exported")
        if not traced:
            missing.append(metric)
    return not missing


if __name__ == "__main__":
    conclude(main())
