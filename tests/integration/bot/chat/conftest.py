"""Fixtures for tests of the rate limits."""

from __future__ import annotations

import pytest

from qwenedit_bot.chat import rate_limit
from qwenedit_bot.chat.rate_limit import CHAT, GROUP, Rate


@pytest.fixture
def interval(monkeypatch: pytest.MonkeyPatch) -> float:
    """Slow the rate limit of each chat to one message an hour, after the burst. Returns the interval in seconds."""
    hour = 3600.0
    for name, rate in (("CHAT", CHAT), ("GROUP", GROUP)):
        monkeypatch.setattr(rate_limit, name, Rate(interval=hour, burst=rate.burst))
    return hour
