"""Ids of jobs."""

from __future__ import annotations

import hashlib

from qwenedit_bot.edits.addresses import JobIds

TOKEN = "42:secret"


def test_job_ids_need_the_token() -> None:
    ids = JobIds(TOKEN)
    assert ids(7, 5) == JobIds(TOKEN)(7, 5)
    assert ids(7, 5) not in {JobIds("42:other")(7, 5), hashlib.sha256(b"7:5:").hexdigest()[:16]}
    assert len(ids(7, 5)) == 16
    assert int(ids(7, 5), 16) >= 0


def test_job_ids_differ_by_chat_message_and_press() -> None:
    ids = JobIds(TOKEN)
    assert len({ids(7, 5), ids(5, 7), ids(7, 5, "press"), ids(-7, 5), ids(7, 55)}) == 5


def test_job_ids_take_any_text() -> None:
    assert JobIds(TOKEN)(7, 5, "\ud83d") != JobIds(TOKEN)(7, 5, "?")


def test_job_ids_hide_the_token() -> None:
    assert "secret" not in repr(JobIds(TOKEN)) + repr(vars(JobIds(TOKEN)))
