"""Methods by which a bot receives updates, `getUpdates` and webhooks, and those about itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiogram.methods import (
    DeleteWebhook,
    GetMe,
    GetUpdates,
    GetWebhookInfo,
    SetChatMenuButton,
    SetMyCommands,
    SetWebhook,
)

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.render import user_json
from telegram_simulator.common.errors import ApiError
from telegram_simulator.world.bots import Poll, Webhook

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json
    from telegram_simulator.world.bots import Bot

MAX_LIMIT = 100
MAX_TIMEOUT = 50
"""Seconds; a longer wish is cut to this (telegram-bot-api, `Client.h`)."""

_WEBHOOK_IS_SET = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_ANOTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_WINS = "terminated by setWebhook request"


@answers(GetUpdates)
async def get_updates(call: Call[GetUpdates]) -> list[Json]:
    """Return what has happened, or wait for it. A request that has to wait ends the one that waits already."""
    method, bot = call.method, call.bot
    if bot.webhook is not None:
        raise ApiError(_WEBHOOK_IS_SET, code=409)
    limit, timeout = min(method.limit or MAX_LIMIT, MAX_LIMIT), min(method.timeout or 0, MAX_TIMEOUT)
    bot.updates.allow(method.allowed_updates)
    bot.updates.confirm(method.offset or 0)
    bot.saw_poll()
    updates = bot.updates.first(limit)
    if not updates and timeout:
        bot.end_poll(_ANOTHER_POLL)
        poll = bot.poll = Poll()
        try:
            updates = await _wait(bot, poll, limit=limit, timeout=timeout)
        finally:
            if bot.poll is poll:
                bot.poll = None
            bot.saw_poll()
    return [update.as_json() for update in updates]


async def _wait(bot: Bot, poll: Poll, *, limit: int, timeout: float) -> list[Any]:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            while True:
                seen = bot.updates.arrivals.count
                if poll.ended is not None:
                    raise ApiError(poll.ended, code=409)
                if updates := bot.updates.first(limit):
                    return updates
                await bot.updates.arrivals.after(seen)
    except TimeoutError:
        return []


@answers(SetWebhook)
async def set_webhook(call: Call[SetWebhook]) -> bool:
    """Have updates sent to an address. Unlike Telegram's, it may be plain HTTP."""
    method, bot = call.method, call.bot
    place = urlsplit(method.url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise ApiError("bad webhook: invalid HTTPS URL")
    wanted = Webhook(url=method.url, secret=method.secret_token or "")
    bot.updates.allow(method.allowed_updates)
    bot.end_poll(_WEBHOOK_WINS)
    if bot.webhook is None or not bot.webhook.same_as(wanted):
        call.webhooks.start(bot, wanted)
    return True


@answers(DeleteWebhook)
async def delete_webhook(call: Call[DeleteWebhook]) -> bool:
    """Have updates kept until they are asked for."""
    call.webhooks.stop(call.bot)
    return True


@answers(GetWebhookInfo)
async def get_webhook_info(call: Call[GetWebhookInfo]) -> Json:
    """Tell how it goes with the webhook."""
    webhook = call.bot.webhook
    info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": len(call.bot.updates)}
    if webhook is not None:
        info["url"] = webhook.url
        if webhook.error is not None:
            info |= {"last_error_date": webhook.error_date, "last_error_message": webhook.error}
    return info


@answers(SetMyCommands)
async def set_my_commands(_call: Call[SetMyCommands]) -> bool:
    """Take commands; the page doesn't show them."""
    return True


@answers(SetChatMenuButton)
async def set_chat_menu_button(_call: Call[SetChatMenuButton]) -> bool:
    """Choose what the button beside the input does; the page has none."""
    return True


@answers(GetMe)
async def get_me(call: Call[GetMe]) -> Json:
    """Tell who the bot is."""
    return {
        **user_json(call.bot.me),
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
