"""How long updates are kept, by a clock that the test moves."""

from __future__ import annotations

from telegram_simulator.world.updates import KEPT, UpdateQueue


def test_update_is_kept_for_a_day():
    now = 0.0
    queue = UpdateQueue(first_id=1, clock=lambda: now)
    queue.add("message", {"text": "old"})
    now = KEPT - 1
    queue.add("message", {"text": "new"})
    assert [update.payload["text"] for update in queue.first(10)] == ["old", "new"]
    now = KEPT + 1
    assert [update.payload["text"] for update in queue.first(10)] == ["new"]
    assert len(queue) == 1


def test_update_kinds_that_must_be_named_are_kept_only_when_named():
    queue = UpdateQueue(first_id=1)
    assert queue.add("message_reaction", {}) is None
    queue.allow(["message_reaction"])
    assert queue.add("message_reaction", {}) == 1
    assert queue.add("message", {}) is None
    queue.allow(None)
    assert queue.add("message", {}) is None
    queue.allow([])
    assert queue.add("message", {}) == 2
