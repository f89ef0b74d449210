"""Parts that are kept running, as `make run DATA=…` keeps them."""

from __future__ import annotations

import sys

import pytest

from local_stack import Part, PartDiedError, Service, bare_environment, by_line
from local_stack.keep import supervisor
from local_stack.keep.supervisor import Kept, Supervisor
from qwenedit_testkit.waiting import background, eventually

SERVES = "import time; print('ready', flush=True); time.sleep(60)"


def part(name: str, code: str = SERVES) -> Part:
    return Part(name, (sys.executable, "-c", code), env=bare_environment(), ready=by_line("ready"))


async def test_part_that_ends_again_and_again_starts_after_pauses_that_grow(monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.04)
    said: list[str] = []
    weak = part("weak", "print('ready', flush=True); raise SystemExit(3)")
    good = part("good")
    async with background(Supervisor([Kept(good), Kept(weak)], say=said.append).run()):
        await eventually(lambda: len(said) >= 4)
        assert good.running
    assert said[:4] == [
        "weak exited with code 3; it starts again in 0.01 s.",
        "weak exited with code 3; it starts again in 0.02 s (end 2).",
        "weak exited with code 3; it starts again in 0.04 s (end 3).",
        "weak exited with code 3; it starts again in 0.04 s (end 4).",
    ]
    assert not good.running
    assert not weak.running


async def test_part_that_hangs_is_killed_and_starts_again(monkeypatch):
    monkeypatch.setattr(supervisor, "PROBE_PERIOD", 0.02)
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    said: list[str] = []
    silent = Service("silent", "http.server", env=bare_environment(), ready=by_line(""))
    silent.command = (sys.executable, "-c", SERVES)
    async with background(Supervisor([Kept(silent)], say=said.append).run()):
        await eventually(lambda: len(said) >= 2)
    assert said[0] == "silent did not answer its liveness probe and was killed; it starts again in 0.01 s."


async def test_part_that_waits_for_something_does_not_hold_up_the_others(monkeypatch, tmp_path):
    monkeypatch.setattr(supervisor, "NOT_READY_AFTER", 0.2)
    said: list[str] = []
    gpu = tmp_path / "gpu"
    waits = part("waits", f"import os, time\nwhile not os.path.exists({str(gpu)!r}): time.sleep(0.01)\n{SERVES}")
    kept = [Kept(waits, waits_for="a GPU", when_ready="It waits no longer."), Kept(part("good"), when_ready="Good.")]
    async with background(Supervisor(kept, say=said.append).run()):
        await eventually(lambda: "Good." in said)
        gpu.touch()
        await eventually(lambda: len(said) >= 3)
    assert said == ["waits is not ready yet: it needs a GPU.", "Good.", "It waits no longer."]


async def test_part_that_ends_at_its_first_start_ends_the_run_with_its_last_lines():
    good, bad = part("good"), part("bad", "raise SystemExit('no token')")
    with pytest.raises(PartDiedError, match=r"bad exited with code 1; its last lines:\n  no token"):
        await Supervisor([Kept(good), Kept(bad, waits_for="Telegram")], say=print).run()
    assert not good.running
