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

    from local_stack.processes.part import Running

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


async def test_last_words_are_read_and_the_exit_code_is_told(make: Callable[..., Part]) -> None:
    for how, code, words in (("refuse", 1, "no such photo"), ("fail", 1, "ValueError: not a number")):
        part = make(how)
        await part.launch()
        assert await part.wait() == code
        assert part.lines[-1] == words
        assert not part.running


async def test_signal_that_ended_it_is_told(make: Callable[..., Part]) -> None:
    part = make("stay")
    await part.start()
    assert part.running
    assert os.getpgid(part.pid) == part.pid
    assert await part.stop() == -signal.SIGTERM
    await part.start()
    assert await part.kill() == -signal.SIGKILL


@LINUX
async def test_forks_are_no_executions_of_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = Forks({PROGRAM: ()})
    executed: list[str] = []

    async def note(part: Part) -> Running:
        executed.append(part.name)
        return await execute(part)

    monkeypatch.setattr("qwenedit_testkit.forks.launcher.execute", note)
    monkeypatch.setattr(Part, "launcher", forks)
    command = python_module(PROGRAM, "exit")
    parts = [Part("forked", command, env=bare_environment()), Part("told", command, env=bare_environment(PYTHONX="1"))]
    parts += [Part("unknown", python_module("this"), env=bare_environment())]
    parts += [Part("ends with us", command, env=bare_environment())]
    parts[-1].ends_with_us = True
    for part in parts:
        await part.launch()
        await part.wait()
    forks.close()
    assert executed == ["told", "unknown", "ends with us"]


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


@LINUX
async def test_server_that_cannot_import_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    forks = Forks({PROGRAM: ("no.such.module",)})
    monkeypatch.setattr(Part, "launcher", forks)
    part = Part("program", python_module(PROGRAM, "exit"), env=bare_environment())
    with pytest.raises(ChildProcessError, match="server of forks ended"):
        await part.launch()
    forks.close()
