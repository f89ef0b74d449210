"""What the person at the terminal reads."""

from __future__ import annotations

import io
import json

import pytest

from local_stack.run.console import Console


def shown(line: str, *, colour: bool = False) -> str:
    stream = io.StringIO()
    Console(stream, ("bot", "worker"), colour=colour).line("bot", line)
    return stream.getvalue()


def test_line_stands_after_its_parts_name_all_at_the_same_column():
    assert shown("hello") == "bot    │ hello\n"


def test_log_record_is_read_as_text():
    record = {
        "time": "2026-01-02T03:04:05.678901Z",
        "level": "info",
        "event": "job.done",
        "service": "bot",
        "logger": "qwenedit_bot.app",
        "job": "abc",
        "seconds": 1.5,
        "text": "two words",
    }
    assert shown(json.dumps(record)) == 'bot    │ 03:04:05.678 info     job.done job=abc seconds=1.5 text="two words"\n'


def test_each_line_of_a_traceback_has_the_prefix():
    record = {"time": "", "level": "error", "event": "broken", "exception": "Traceback:\n  ValueError: no"}
    assert [line[:8] for line in shown(json.dumps(record)).splitlines()] == ["bot    │"] * 3


@pytest.mark.parametrize("line", ['{"a": 1}', "{broken", "{}", "[1]", '"event"'])
def test_line_that_is_no_log_record_is_shown_as_it_is(line: str):
    assert shown(line) == f"bot    │ {line}\n"
