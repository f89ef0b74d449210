"""Proofs and benchmarks are listed, described and run by their names, and refuse arguments that they do not know."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import pytest

from qwenedit_testkit.programs import programs, run, seconds, whole

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


def test_program_that_is_unknown_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    called(monkeypatch, "hope")
    with pytest.raises(SystemExit, match="2"):
        run("proofs", target="prove")
    assert capsys.readouterr().err.startswith("there is no 'hope' among alerts, awaits, chaos")


@pytest.mark.parametrize(("package", "target", "name"), ALL)
def test_program_refuses_an_argument_that_it_does_not_know(
    package: str, target: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    called(monkeypatch, name, "--hope")
    for module in (f"{package}.{name}", f"{package}.{name}.__main__"):
        monkeypatch.delitem(sys.modules, module, raising=False)  # another test's; runpy warns of it
    with pytest.raises(SystemExit, match="2"):
        run(package, target=target)
    assert f"make {target} NAME={name} ARGS=…: error: unrecognized arguments: --hope" in capsys.readouterr().err


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


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", ""])
def test_whole_number_below_the_least_is_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError, match="no whole number from 1 up"):
        whole()(text)


def test_whole_number_from_the_least_up_is_taken():
    assert (whole()("1"), whole(least=0)("0")) == (1, 0)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_seconds_that_are_no_positive_number_are_refused(text: str):
    with pytest.raises(argparse.ArgumentTypeError, match="no positive number"):
        seconds(text)
