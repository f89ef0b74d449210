"""The list of awaits at which workers are killed is complete, and killing at one of them works."""

from __future__ import annotations

import ast
import shutil

import pytest

from proofs.awaits.kills import Findings, Kill, kill_at, told
from proofs.awaits.places import BESIDE, all_awaits, folder, points
from proofs.awaits.scenarios import SCENARIOS
from proofs.chaos.oracle import Verdict


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


def test_new_await_appears_in_the_list_by_itself(tmp_path):
    package = tmp_path / "worker"
    shutil.copytree(folder(), package)
    with (package / "loop/settlement.py").open("a") as module:
        module.write("\nasync def late(queue):\n    await queue.thank()\n")
    (package / "novel.py").write_text("async def tell(bell):\n    async with bell:\n        await bell.ring()\n")
    known = {(each.module, each.function, each.text) for each in all_awaits()}
    assert {(each.module, each.function, each.text) for each in all_awaits(package)} - known == {
        ("loop.settlement", "late", "await queue.thank()"),
        ("novel", "tell", "async with bell, enter"),
        ("novel", "tell", "async with bell, exit"),
        ("novel", "tell", "await bell.ring()"),
    }


def test_run_is_bad_when_an_await_was_missed_or_a_job_was_lost_or_answered_twice():
    first, second = all_awaits()[:2]
    kills = [Kill(first, "plain"), Kill(second, "plain")]
    assert Findings([first, second], kills, verdict=Verdict()).broken == []
    assert Findings([first, second], kills[:1], verdict=Verdict()).broken == [f"not killed at {second}"]
    for bad in (Verdict(lost={"job": "never ended"}), Verdict(duplicated={"job": "two answers"}), None):
        assert len(Findings([first, second], kills, verdict=bad).broken) == 1


@pytest.mark.timeout(600)
async def test_worker_killed_while_it_hands_its_result_in_leaves_a_job_that_is_answered_once():
    handing_in = points("loop.settlement", (folder() / "loop/settlement.py").read_text())
    chosen = [each for each in handing_in if "self._queue.settle" in each.text]
    assert chosen
    findings = await kill_at(chosen, only=SCENARIOS[:1])
    report = "\n".join(told(findings))
    print(report)  # noqa: T201 - shown with -s, and where the test fails
    assert findings.broken == [], report
