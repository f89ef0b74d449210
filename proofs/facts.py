"""The simulator and real ComfyUIs are as docs/comfyui.md says, fact by fact.

Runs the conformance suite (`make conformance`) against a simulator and against each real ComfyUI that is named, and
makes a table of what held where. A real one is `URL=FOLDER`, the folder of its `input` and `output`; how to start it
stands in simulators/comfyui/README.md. A fact that failed is tried once more: it may
have failed for the machine's sake.

Exit code 1 where a fact holds no longer that does by docs/comfyui.md, or that no page speaks of. With --write the
table goes into the page instead.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack import ComfyUISimulator, bare_environment
from qwenedit_testkit import ROOT
from qwenedit_testkit import docs_page as page
from qwenedit_testkit.programs import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping

TESTS = ROOT / "tests/integration"
SERVER = {
    "uploads": "Uploading and fetching",
    "prompts": "What a prompt may be",
    "events": "The websocket",
    "outcomes": "Outcomes, cancelling, the cache",
    "inventory": "What a server says of itself",
}
CLIENT = "real"
WORKFLOW_TEST = "test_shipped_workflows_pass_validation_and_fail_at_an_empty_model_file"
HOLDS, FAILS, ASKED_NOT = "✓", "✗", "·"
ACCEPTED = """\
With empty files under the models' names a real server validates a workflow in full (`node_errors` empty), and fails at
the first loader. So accepted, with as many photos:"""
TIMEOUT = "120"


@dataclass(slots=True)
class Column:
    """One server's results."""

    name: str
    results: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By module, test and parameters: one of the marks, or why it was skipped."""

    def read(self, report: Path) -> None:
        """Take in what a run of the tests has reported."""
        for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - our own pytest's
            module = case.get("classname", "").rpartition(".test_")[2]
            test, _, parameters = case.get("name", "").partition("[")
            kinds = {child.tag: child.get("message", "") for child in case}
            bad = "failure" in kinds or "error" in kinds
            mark = FAILS if bad else f"{ASKED_NOT} {kinds['skipped']}" if "skipped" in kinds else HOLDS
            self.results[module, test, parameters.rstrip("]")] = mark

    def mark(self, module: str, test: str) -> str:
        """Say in one mark how a fact with all its parameters has fared."""
        marks = {mark[0] for (m, t, _), mark in self.results.items() if (m, t) == (module, test)}
        return FAILS if FAILS in marks else HOLDS if HOLDS in marks else ASKED_NOT

    def photos(self, workflow: str) -> str:
        """Say with how many photos a workflow was accepted."""
        results = {p: mark for (_, t, p), mark in self.results.items() if t == WORKFLOW_TEST}
        counts = {p.rpartition("-")[2]: mark for p, mark in results.items() if p.rpartition("-")[0] == workflow}
        accepted = sorted(count for count, mark in counts.items() if mark == HOLDS)
        if accepted:
            return f"{HOLDS} {', '.join(accepted)}"
        return "too old" if any("too old" in mark for mark in counts.values()) else next(iter(counts.values()), "")[:1]


def _run(column: Column, tests: list[Path], environment: Mapping[str, str], *options: str) -> None:
    """Run tests, those that fail twice."""
    files = [str(path) for path in tests]
    with tempfile.TemporaryDirectory(prefix="facts-") as folder:
        cache = f"cache_dir={folder}/cache"
        for again in (False, True):
            report = Path(folder) / "report.xml"
            command = [sys.executable, "-m", "pytest", "-q", "--timeout", TIMEOUT, "-o", cache, f"--junitxml={report}"]
            more = ["--last-failed"] if again else []
            ran = subprocess.run(  # noqa: S603 - our own tests
                [*command, *more, *options, *files],
                check=False,
                cwd=ROOT,
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
            )
            print(f"{column.name}: {ran.stdout.strip().splitlines()[-1]}", file=sys.stderr, flush=True)
            column.read(report)
            if ran.returncode == 0:
                return


def _facts() -> list[Path]:
    return [TESTS / f"comfyui_simulator/test_{name}.py" for name in SERVER]


def simulated() -> Column:
    """Ask the simulator: for its facts in the way of `make test`, for the client's duties as if it were a real one."""
    column = Column("simulator")
    _run(column, _facts(), {})
    with tempfile.TemporaryDirectory(prefix="facts-") as folder, asyncio.Runner() as runner:
        part = ComfyUISimulator(env=bare_environment(), data_dir=Path(folder), step_seconds=0.02)
        runner.run(part.start())
        try:
            _run(column, [TESTS / "comfyui/test_real.py"], _environment(part.url, folder), "-k", "not shipped")
        finally:
            runner.run(part.stop())
    return column


def real(url: str, folder: str) -> Column:
    """Ask a real one."""
    with urllib.request.urlopen(f"{url}/system_stats") as reply:  # noqa: S310 - a ComfyUI of the operator's
        version = json.load(reply)["system"]["comfyui_version"]
    column = Column(f"ComfyUI {version}")
    _run(column, [*_facts(), TESTS / "comfyui/test_real.py"], _environment(url, folder))
    return column


def _environment(url: str, folder: str) -> dict[str, str]:
    return {"COMFYUI_URL": url, "REAL_COMFYUI_DATA": folder, "COMFYUI_OUTPUT_DIR": f"{folder}/output"}


def table(columns: list[Column]) -> str:
    """Make the page's part."""
    head = " | ".join(column.name for column in columns)
    lines = [f"{HOLDS} holds, {FAILS} does not, {ASKED_NOT} cannot be asked there.", ""]
    for module, title in {**SERVER, CLIENT: "Our client, against it"}.items():
        tests = [test for (m, test, _) in columns[-1].results if m == module and test != WORKFLOW_TEST]
        lines += [f"| {title} | {head} |", "| --- |" + " :-: |" * len(columns)]
        for test in dict.fromkeys(tests):
            marks = " | ".join(column.mark(module, test) for column in columns)
            lines.append(f"| {test.removeprefix('test_').replace('_', ' ')} | {marks} |")
        lines.append("")
    workflows = {p.rpartition("-")[0] for c in columns for (_, t, p) in c.results if t == WORKFLOW_TEST}
    servers = columns[1:]
    lines += [
        ACCEPTED,
        "",
        f"| workflow | {' | '.join(column.name for column in servers)} |",
        "| --- |" + " :-: |" * len(servers),
    ]
    for workflow in sorted(workflows):
        lines.append(f"| `{workflow}` | {' | '.join(column.photos(workflow) for column in servers)} |")
    return "\n".join(lines)


def failing(part: str) -> set[tuple[str, str]]:
    """Return the facts that do not hold by the page's part, each with the server."""
    found, head = set(), [""]
    for row in page.rows(part):
        if FAILS not in "".join(row) and HOLDS not in "".join(row):
            head = row
        found |= {(row[0], server) for server, mark in zip(head[1:], row[1:], strict=True) if mark == FAILS}
    return found


def main() -> bool:
    """Ask all, and show it; returns whether all facts hold that did."""
    parser = command_line(__doc__)
    parser.add_argument("servers", nargs="*", metavar="URL=FOLDER", help="a real ComfyUI and its data")
    parser.add_argument("--write", action="store_true", help="into docs/comfyui.md")
    options = parser.parse_args()
    for server in options.servers:
        if not re.fullmatch(r"https?://[^=]+=.+", server):
            parser.error(f"{server!r} is not URL=FOLDER")
    columns = [simulated()]
    for server in options.servers:
        url, _, folder = server.partition("=")
        columns.append(real(url.rstrip("/"), folder))
    part = table(columns)
    if options.write:
        page.write("facts", part)
        return True
    print(part)
    broken = sorted(failing(part) - failing(page.read("facts")))
    print("\n".join(f"BROKEN with {server}: {fact}" for fact, server in broken) or "KEPT")
    return not broken


if __name__ == "__main__":
    sys.exit(not main())
