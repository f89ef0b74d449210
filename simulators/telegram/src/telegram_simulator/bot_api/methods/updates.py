"""Methods by which a bot receives updates: `getUpdates` and webhooks."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiogram.methods import DeleteWebhook, GetMe, GetUpdates, GetWebhookInfo, SetWebhook

from telegram_simulator.bot_api.methods.registry import Call, MethodResult, answers
from telegram_simulator.bot_api.render import user_json
from telegram_simulator.common.errors import ApiError
from telegram_simulator.world.bots import Poll, Webhook

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json
    from telegram_simulator.world.bots import Bot

MAX_LIMIT = 100
MAX_TIMEOUT = 50
"""Seconds; a longer wish is cut to this (telegram-bot-api, `Client.h`)."""
MAX_CONNECTIONS = 100
DEFAULT_CONNECTIONS = 40
MAX_SECRET = 256

_WEBHOOK_IS_SET = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_ANOTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_WINS = "terminated by setWebhook request"


@answers(GetUpdates)
async def get_updates(call: Call[GetUpdates]) -> list[Json]:
    """Return what has happened, or wait for it. A request that has to wait ends the one that waits already.

    Whatever the figures are, they are cut to what is possible (telegram-bot-api, `Client.cpp`, `get_integer_arg`).
    """
    method, bot = call.method, call.bot
    if bot.webhook is not None:
        raise ApiError(_WEBHOOK_IS_SET, code=409)
    limit = MAX_LIMIT if method.limit is None else min(max(method.limit, 1), MAX_LIMIT)
    timeout = min(max(method.timeout or 0, 0), MAX_TIMEOUT)
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
async def set_webhook(call: Call[SetWebhook]) -> MethodResult:
    """Have updates sent to an address. Unlike Telegram's, it may be plain HTTP."""
    method, bot = call.method, call.bot
    if not method.url:
        return _delete_webhook(call, drop=bool(method.drop_pending_updates))
    place = urlsplit(method.url)
    if place.scheme not in ("http", "https") or not place.hostname:
        raise ApiError("bad webhook: invalid HTTPS URL")
    secret = method.secret_token or ""
    if len(secret) > MAX_SECRET:
        raise ApiError("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise ApiError("secret token contains unallowed characters")
    wanted = Webhook(
        url=method.url,
        secret=secret,
        connections=min(max(method.max_connections or DEFAULT_CONNECTIONS, 1), MAX_CONNECTIONS),
    )
    bot.updates.allow(method.allowed_updates)
    bot.end_poll(_WEBHOOK_WINS)
    if method.drop_pending_updates:
        bot.updates.clear()
    if bot.webhook is not None and bot.webhook.same_as(wanted):
        return MethodResult(result=True, description="Webhook is already set")
    call.webhooks.start(bot, wanted)
    return MethodResult(result=True, description="Webhook was set")


@answers(DeleteWebhook)
async def delete_webhook(call: Call[DeleteWebhook]) -> MethodResult:
    """Have updates kept until they are asked for."""
    return _delete_webhook(call, drop=bool(call.method.drop_pending_updates))


def _delete_webhook(call: Call[Any], *, drop: bool) -> MethodResult:
    if drop:
        call.bot.updates.clear()
    was_set = call.bot.webhook is not None
    call.webhooks.stop(call.bot)
    return MethodResult(result=True, description="Webhook was deleted" if was_set else "Webhook is already deleted")


@answers(GetWebhookInfo)
async def get_webhook_info(call: Call[GetWebhookInfo]) -> Json:
    """Tell how it goes with the webhook."""
    webhook = call.bot.webhook
    info: Json = {"url": "", "has_custom_certificate": False, "pending_update_count": len(call.bot.updates)}
    if allowed := call.bot.updates.allowed:
        info["allowed_updates"] = allowed
    if webhook is not None:
        info |= {"url": webhook.url, "max_connections": webhook.connections}
        if webhook.error is not None:
            info |= {"last_error_date": webhook.error_date, "last_error_message": webhook.error}
    return info


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
