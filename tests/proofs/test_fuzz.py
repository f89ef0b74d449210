"""A short run of the proof `fuzz`, of a fixed seed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiogram.methods import SetChatMenuButton, SetMyCommands

from proofs.fuzz.harness import Harness
from proofs.fuzz.run import fuzz_pictures, fuzz_updates
from qwenedit_bot.users.access_list import HEARD
from qwenedit_decoder.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_each_odd_update_is_answered_or_rightly_ignored(runner: asyncio.Runner, redis_url: str) -> None:
    outcomes = fuzz_updates(runner, redis_url, count=80, seed=1, albums=False)
    assert outcomes["typed message", "answered"] > 10
    assert outcomes["mutated message", "answered"] > 1


def test_each_odd_picture_is_taken_or_refused_in_words(runner: asyncio.Runner, redis_url: str) -> None:
    outcomes = fuzz_pictures(runner, redis_url, count=30, seed=1)
    assert {"taken", f"refused: {Refusal.DAMAGED}"} <= {outcome for _kind, outcome in outcomes}


def test_message_from_nobody_is_left_alone(runner: asyncio.Runner, redis_url: str) -> None:
    harness = Harness(redis_url)
    runner.run(harness.__aenter__())
    message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}, "text": "/cancel"}
    assert runner.run(harness.receive({"update_id": 1, "message": message})).outcome == "ignored: from nobody"
    # The menus of commands are offered at each start, some time after it.
    assert [call for call in harness.wire.calls if not isinstance(call, SetMyCommands | SetChatMenuButton)] == []
    runner.run(harness.__aexit__(None, None, None))


def test_flood_of_a_stranger_is_left_alone_unread(runner: asyncio.Runner, redis_url: str) -> None:
    harness = Harness(redis_url)
    runner.run(harness.__aenter__())
    sender = {"id": 0, "is_bot": False, "first_name": ""}  # no person has this id
    message = {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "group"}, "from": sender}
    outcomes = [runner.run(harness.receive({"update_id": 1, "message": {**message, "text": "hi"}})).outcome]
    for number in range(2, HEARD + 3):
        update = {"update_id": number, "message": message, "message_reaction_count": "of no form"}
        outcomes.append(runner.run(harness.receive(update)).outcome)
    assert "ignored: of a stranger" not in outcomes[:-1]
    assert outcomes[-1] == "ignored: of a stranger"
    runner.run(harness.__aexit__(None, None, None))
