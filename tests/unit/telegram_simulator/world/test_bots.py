"""Which bot people speak to."""

from __future__ import annotations

import pytest

from telegram_simulator.common.errors import UnauthorizedError
from telegram_simulator.files.storage import Storage
from telegram_simulator.world.bots import Bots


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path, limit=1 << 20)


def test_message_before_any_bot_has_run_is_for_the_first_one(storage):
    bots = Bots(name="Editor", username="editor_bot", storage=storage)
    early = bots.newest
    talk = early.talk(5)
    first = bots.named(42, "a")
    assert first is early
    assert first.conversations[5] is talk
    assert (first.me.id, first.me.username) == (42, "editor_bot")
    assert bots.named(42, "a") is first


def test_people_speak_to_the_newest_bot_and_each_has_a_name_of_its_own(storage):
    bots = Bots(name="Editor", username="editor_bot", storage=storage)
    first, second = bots.named(42, "a"), bots.named(43, "b")
    assert bots.newest is second
    assert (first.me.username, second.me.username) == ("editor_bot", "editor_43_bot")
    assert bots.find(42) is first
    assert bots.find(44) is None


def test_bot_is_known_by_its_first_token_only(storage):
    bots = Bots(name="Editor", username="editor_bot", storage=storage)
    bot = bots.named(42, "first")
    with pytest.raises(UnauthorizedError):
        bots.named(42, "second")
    assert bots.named(42, "first") is bot
