"""What Telegram says of deliveries to the webhook."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram.types import WebhookInfo

from qwenedit_bot.common import timeouts
from qwenedit_bot.inbox.webhook import Webhook, secret_of


class Telegram:
    """Knows of a delivery that failed; the bot stops when it has set its webhook."""

    token = "1:a"

    def __init__(self, stop, *, ago):
        self._stop = stop
        self._info = WebhookInfo(
            url="", has_custom_certificate=False, pending_update_count=1,
            last_error_date=datetime.fromtimestamp(time.time() - ago, UTC), last_error_message="502 Bad Gateway",
        )  # fmt: skip

    async def get_webhook_info(self):
        return self._info

    async def set_webhook(self, *_args, **_named):
        self._stop.set()


async def logged(ago):
    stop = asyncio.Event()
    bot: Any = Telegram(stop, ago=ago)
    inbox: Any = None
    webhook = Webhook(bot, inbox, url="https://bot.test/telegram", host="127.0.0.1", port=0)
    with structlog.testing.capture_logs() as said:
        await webhook.run(stop)
    return [each["reason"] for each in said if each["event"] == "webhook.not_delivered"]


async def test_delivery_that_failed_lately_is_logged_in_telegrams_words():
    assert await logged(20) == ["502 Bad Gateway"]
    assert await logged(3 * timeouts.WEBHOOK_AGAIN) == []


def test_secret_is_one_that_telegram_takes_and_another_for_each_token_and_address():
    found = {secret_of(token, f"https://bot.test/{path}") for token in ("1:a", "1:b") for path in "ab"}
    assert len(found) == 4
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,256}", each) for each in found)
