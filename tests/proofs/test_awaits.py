"""The list of awaits at which workers are killed is complete, and killing at one of them works."""

from __future__ import annotations

import ast

import pytest

from proofs.awaits.kills import kill_at, told
from proofs.awaits.places import BESIDE, all_awaits, folder, points
from proofs.awaits.scenarios import SCENARIOS


def suspensions(source: str) -> int:
    """Count by another way: an `async with` suspends at both of its ends."""
    nodes = list(ast.walk(ast.parse(source)))
    return sum(isinstance(node, ast.Await | ast.AsyncFor) for node in nodes) + sum(
        2 * len(node.items) for node in nodes if isinstance(node, ast.AsyncWith)
    )


def test_every_await_of_the_jobs_path_is_in_the_list():
    paths = {".".join(path.relative_to(folder()).with_suffix("").parts): path for path in folder().rglob("*.py")}
    assert set(BESIDE) <= set(paths), "what is left out is there"
    expected = {name: suspensions(path.read_text()) for name, path in paths.items() if name not in BESIDE}
    found = all_awaits()
    assert {name: sum(each.module == name for each in found) for name in expected} == expected
    assert len({each.name for each in found}) == len(found) > 100


@pytest.mark.timeout(600)
async def test_worker_killed_while_it_hands_its_result_in_leaves_a_job_that_is_answered_once():
    handing_in = points("loop.settlement", (folder() / "loop/settlement.py").read_text())
    chosen = [each for each in handing_in if "self._queue.settle" in each.text]
    assert chosen
    findings = await kill_at(chosen, only=SCENARIOS[:1])
    report = "\n".join(told(findings))
    print(report)  # noqa: T201 - shown with -s, and where the test fails
    assert findings.broken == [], report
