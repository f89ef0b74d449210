"""The bot as it is, but for Telegram's pace of 30 messages a second in all: for `soak.py`, and for simulators alone."""

from __future__ import annotations

from qwenedit_bot.app import main
from qwenedit_bot.chat import rate_limit

rate_limit.OVERALL = rate_limit.Rate(interval=1 / 10_000, burst=10_000)

if __name__ == "__main__":
    main.main()
