"""Each alert of the chart fires by its fault, and no alert fires in two normal hours.

promtool gives two hours of an installation's metrics to the rules, a minute at a time, as the tests do. It does so
once with normal metrics, and once for each fault. The script prints when each alert fired. It exits with 1 where an
alert did not fire, or fired without a fault.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from proofs.alerts.cases import CASES, MINUTES, SILENT, expect
from proofs.dashboards.chart import monitored, rule_file
from qwenedit_testkit.programs import command_line, unable

if TYPE_CHECKING:
    from collections.abc import Mapping

MISMATCH = re.compile(r"alertname: (\w+), time: (?:(\d+)h)?(?:(\d+)m)?(?:0s)?,")
"""What promtool says of a moment at which it found other alerts than none."""


def spoken(promtool: str, series: Mapping[str, str]) -> dict[str, list[int]]:
    """Return the minutes at which each alert fires while some series are not normal."""
    alerts = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": []} for name in CASES for minute in range(MINUTES)
    ]
    played = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [expect(dict(series), alerts)],
    }
    with tempfile.TemporaryDirectory(prefix="alerts-") as folder:
        (Path(folder) / "rules.yaml").write_text(yaml.safe_dump(rule_file(monitored())))
        (Path(folder) / "tests.yaml").write_text(yaml.safe_dump(played))
        done = subprocess.run(  # noqa: S603 - promtool, with the files above
            [promtool, "test", "rules", "tests.yaml"], cwd=folder, capture_output=True, text=True, check=False
        )
    said = done.stdout + done.stderr
    found: dict[str, list[int]] = {name: [] for name in CASES}
    for name, hours, minutes in MISMATCH.findall(said):
        found[name].append(60 * int(hours or 0) + int(minutes or 0))
    if done.returncode and not any(found.values()):
        unable(f"promtool: {said}")
    return found


def main() -> bool:
    """Print the table; returns whether all is as it should be."""
    command_line(__doc__).parse_args()
    promtool = shutil.which("promtool")
    if promtool is None:
        unable("promtool is not installed (Debian's package prometheus has it)")
    normal = spoken(promtool, {})
    print(f"{'alert':27} {'severity':9} {'normal':7} {'fault from':>10} {'fires at':>9}  says")
    good = True
    for name, case in CASES.items():
        fires = spoken(promtool, case.series)[name]
        quiet = not normal[name]
        good = good and bool(fires) and quiet
        first = f"{fires[0]} min" if fires else "NEVER"
        print(
            f"{name:27} {case.severity:9} {'silent' if quiet else 'FIRES':7} {_onset(case.series):>6} min {first:>9}"
            f"  {case.description}"
        )
    print()
    for words, (series, about) in SILENT.items():
        loud = [name for name, minutes in spoken(promtool, series).items() if minutes and about in name]
        good = good and not loud
        print(f"{', '.join(loud) or 'silent':7} when {words}")
    return good


def _onset(series: Mapping[str, str]) -> int:
    """Return the minute from which the first of some series differs from before; a sample is half a minute."""
    firsts = []
    for values in series.values():
        step = re.match(r"[_0-9.]+x(\d+) ", values)
        firsts.append((int(step[1]) + 1) // 2 if step else 0)
    return max(firsts)


if __name__ == "__main__":
    sys.exit(not main())
