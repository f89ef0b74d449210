"""Paces that no machine is too slow for."""

from __future__ import annotations

import pytest

from qwenedit_bot.chat.rate_limit import shared
from qwenedit_bot.chat.rate_limit.limits import CHAT, GROUP, Rate


@pytest.fixture
def interval(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let chats get a turn back once an hour, and none while a test runs. Returns the seconds of an hour."""
    hour = 3600.0
    for name, rate in (("CHAT", CHAT), ("GROUP", GROUP)):
        monkeypatch.setattr(shared, name, Rate(interval=hour, burst=rate.burst))
    return hour
