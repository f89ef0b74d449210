"""A forked program is to its part what an executed one is."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from local_stack import Part, bare_environment
from local_stack.processes.part import execute, python_module
from local_stack.processes.ready import by_line
from qwenedit_testkit import ROOT
from qwenedit_testkit.forks.launcher import Forks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path


PROGRAM = "tests.unit.testkit.program"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks")


@pytest.fixture(params=[pytest.param(True, id="forked", marks=LINUX), pytest.param(False, id="executed")])
def launcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forks = Forks({PROGRAM: ("json",)})
    monkeypatch.setattr(Part, "launcher", forks if request.param else staticmethod(execute))
    yield
    forks.close()


@pytest.fixture
async def make(launcher: None) -> AsyncIterator[Callable[..., Part]]:
    made: list[Part] = []

    def make(*arguments: str, **env: str) -> Part:
        made.append(
            Part("program", python_module(PROGRAM, *arguments), env=bare_environment(**env), ready=by_line("{"))
        )
        return made[-1]

    yield make
    for part in made:
        if part.running:
            await part.kill()


async def test_program_gets_its_arguments_environment_and_working_directory(
    make: Callable[..., Part], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = make("exit", "now", SET="to this", PYTHONPATH=str(ROOT))
    monkeypatch.chdir(tmp_path)
    await part.launch()
    pid = part.pid
    assert await part.wait() == 7
    assert json.loads(part.lines[0]) == {
        "arguments": ["exit", "now"], "set": "to this", "cwd": str(tmp_path), "pid": pid,
    }  # fmt: skip


@LINUX
async def test_end_of_the_server_ends_what_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = Forks({PROGRAM: ()})
    monkeypatch.setattr(Part, "launcher", forks)
    part = Part("program", python_module(PROGRAM, "stay"), env=bare_environment(), ready=by_line("{"))
    await part.start()
    forks.close()
    assert await part.wait() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(part.pid, 0)
