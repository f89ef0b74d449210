"""What Redis tells of lost attempts was written by workers: what is none is left out."""

from __future__ import annotations

import json

import pytest

from qwenedit_jobs import LostAttempt

LOST = {
    "id": "1",
    "worker": "w",
    "attempt": "1",
    "max_attempts": "3",
    "started_at": "1",
    "ended_at": "2",
    "trace_context": "",
    "outcome": "delayed",
}
UNREADABLE = {
    "an outcome of half a character": json.dumps(LOST | {"outcome": "\ud800"}),
    "an outcome that there is not": json.dumps(LOST | {"outcome": "x"}),
    "a worker of half a character": json.dumps(LOST | {"worker": "\ud800"}),
    "a time beyond those of traces": json.dumps(LOST | {"ended_at": str(10**13)}),
    "no object": "[]",
    "lists in lists": "[" * 100_000,
}


def test_lost_attempt_is_read() -> None:
    attempt = LostAttempt.parse(json.dumps(LOST))
    assert attempt is not None
    assert (attempt.job_id, attempt.worker, attempt.attempt, attempt.ended_at) == ("1", "w", 1, 0.002)


@pytest.mark.parametrize("entry", UNREADABLE.values(), ids=UNREADABLE)
def test_lost_attempt_that_nobody_can_read_is_none(entry: str) -> None:
    assert LostAttempt.parse(entry) is None
