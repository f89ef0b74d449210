"""Pauses between tries."""

from __future__ import annotations

from qwenedit_jobs.backoff import Backoff


def test_backoff_begins_with_no_pause_and_grows_to_its_limit_until_a_success():
    backoff = Backoff(first=0.5)
    pauses = [backoff.next() for _ in range(8)]
    assert pauses[0] == 0
    for pause, nominal in zip(pauses[1:], (0.5, 1, 2, 4, 8, 10, 10), strict=True):
        assert 0.75 * nominal <= pause <= nominal
    backoff.reset()
    assert backoff.next() == 0
