"""What a process warned of lately."""

from __future__ import annotations

import io
import logging

import pytest
import structlog

from qwenedit_telemetry import configure_logging, recent_troubles, troubles

TOKEN = "123456789:AAbbccddeeffgghhiijjkk"


@pytest.fixture(autouse=True)
def log(monkeypatch):
    monkeypatch.setattr(recent_troubles, "_troubles", {})
    configure_logging(service="bot", constants={"worker": "gpu-1"}, stream=io.StringIO(), console=False)
    return structlog.get_logger("qwenedit_bot")


def test_warnings_and_errors_are_remembered_in_their_words(log):
    log.info("polling.started")
    log.warning("polling.conflict", cause="Conflict: another\npoller", next_in=9.9)
    log.warning("polling.conflict", cause="Conflict again", error=ValueError("x"))
    logging.getLogger("asyncio").error("Task exception")
    conflict, foreign = troubles()
    assert (conflict["event"], conflict["words"]) == ("polling.conflict", "cause=Conflict again error=ValueError: x")
    assert conflict["count"] == 2
    assert conflict["since"] <= conflict["at"]
    assert foreign["event"] == "Task exception"


def test_words_have_no_token(log):
    log.error("start.failed", error=f"https://api.telegram.org/bot{TOKEN}/getMe")
    [found] = troubles()
    assert found["words"] == "error=https://api.telegram.org/bot<token>/getMe"


def test_words_name_no_job_for_forget_would_leave_it(log):
    log.warning("answer.rejected", job="412a7f472b801745", error="Bad Request")
    [found] = troubles()
    assert found["words"] == "error=Bad Request"


def test_last_kinds_of_warnings_are_kept(log):
    for number in range(6 + 2):
        kind = f"kind.{number}"
        log.warning(kind, error="x" * 1000 + "403 Forbidden")
    assert next(each["event"] for each in troubles()) == "kind.2"
    assert {len(each["words"]) for each in troubles()} == {500}
    assert all(each["words"].endswith("…" + "x" * 236 + "403 Forbidden") for each in troubles())
    log.warning("kind.2")
    assert troubles()[-1]["event"] == "kind.2"
