"""Proofs and benchmarks are listed, described and run by their names, and refuse arguments that they do not know."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from qwenedit_testkit.programs import programs, run

if TYPE_CHECKING:
    from pathlib import Path

ALL = [
    (package, target, name)
    for package, target in (("proofs", "prove"), ("benchmarks", "measure"))
    for name in programs(package)
]


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["python -m", *arguments])


@pytest.mark.parametrize(("package", "one"), [("proofs", "chaos"), ("benchmarks", "peers")])
def test_programs_are_listed_each_with_a_sentence(
    package: str, one: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    called(monkeypatch)
    run(package, target="make")
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[2:]]
    assert [name for name, _sentence in listed] == list(programs(package))
    assert one in programs(package)
    assert all(sentence.endswith(".") for _name, sentence in listed)


def test_program_that_fails_is_followed_by_the_command_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    folder = tmp_path / "broken_promises"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "one.py").write_text('"""One that fails."""\nraise SystemExit(1)\n')
    monkeypatch.syspath_prepend(tmp_path)
    called(monkeypatch, "one", "--seed", "7", "a b")
    with pytest.raises(SystemExit, match="1"):
        run("broken_promises", target="prove")
    assert capsys.readouterr().err == "failed; again with: make prove NAME=one ARGS=\"--seed 7 'a b'\"\n"
