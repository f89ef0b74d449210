"""A request for which there is no room is refused in words, whichever store is full."""

from __future__ import annotations

import pytest

from qwenedit_bot.edits.requests.refusals import refusal_of
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.texts import Texts
from qwenedit_jobs import QueueFullError, StorageFullError

WORDS = Texts().of("en")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StorageFullError(), "storage_full"),
        (QueueFullError(7), "queue_full"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_request_without_room_is_refused_for_now(error: Exception, reason: str) -> None:
    outcome, told, view = refusal_of(WORDS, (), 1, error)
    assert (outcome, told) == (RequestOutcome.NOT_NOW, reason)
    assert view.text
