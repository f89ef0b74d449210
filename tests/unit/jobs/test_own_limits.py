"""Limits of the own container that are too low, as the kernel's files tell them."""

from __future__ import annotations

import pytest

from qwenedit_jobs.cli.own_limits import own_troubles

MB = 1024 * 1024


@pytest.fixture
def troubles(tmp_path, monkeypatch):
    monkeypatch.setenv("BOT_TOKEN", "1:a")
    files = {
        "cpu.max": "max 100000",
        "memory.max": f"{100 * MB}",
        "memory.current": f"{99 * MB}",
        "memory.stat": f"anon 1\ninactive_file {50 * MB}",
        "memory.events": "low 0\noom 0\noom_kill 0",
    }

    def found(**changed):
        for name, text in {**files, **{name.replace("_", ".", 1): text for name, text in changed.items()}}.items():
            (tmp_path / name).write_text(text)
        return list(own_troubles(tmp_path))

    return found


def test_enough_is_no_trouble(troubles, tmp_path):
    assert troubles() == troubles(cpu_max="25000 100000") == troubles(memory_max="max") == []
    assert list(own_troubles(tmp_path / "none")) == []


def test_cpu_limit_with_which_nothing_starts_is_named(troubles):
    [said] = troubles(cpu_max="5000 100000")
    assert said.startswith("QweneditBotDown: the bot has a limit of 0.05 CPUs, which is too low")


def test_memory_that_is_used_up_is_named(troubles):
    [said] = troubles(memory_stat="inactive_file 0")
    assert said.startswith("QweneditBotDown: the bot needs 99 MB of its memory limit of 100 MB; processes killed")


def test_process_that_was_killed_for_memory_is_named_by_the_part_it_is_in(troubles, monkeypatch):
    monkeypatch.delenv("BOT_TOKEN")
    [said] = troubles(memory_events="oom 1\noom_kill 2")
    assert said.startswith("QweneditNoWorker: the worker needs 49 MB")
    assert "processes killed for that: 2" in said
