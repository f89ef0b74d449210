"""Which updates may overtake each other on their way to a webhook."""

from __future__ import annotations

from typing import Any

from telegram_simulator.bot_api.webhook import lane_of
from telegram_simulator.world.updates import Update


def lane(kind: str, payload: dict[str, Any], number: int = 1) -> object:
    return lane_of(Update(number, kind, payload, 0.0))


def test_edit_keeps_its_place_behind_the_message():
    chat = {"chat": {"id": 5}}
    assert lane("message", chat) == lane("edited_message", chat) != lane("message", {"chat": {"id": 6}})


def test_press_may_overtake_a_message_but_not_another_press_of_the_person():
    press = {"from": {"id": 5}, "message": {"chat": {"id": -7}}}
    assert lane("callback_query", press) == lane("callback_query", {**press, "message": {"chat": {"id": -8}}})
    assert lane("callback_query", press) not in (
        lane("message", {"chat": {"id": 5}}),
        lane("message", {"chat": {"id": -7}}),
    )


def test_update_of_a_kind_without_a_lane_has_its_own():
    assert lane("something_new", {}, 1) != lane("something_new", {}, 2)
