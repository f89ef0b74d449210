"""What every feature is built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import User
    from redis.asyncio import Redis

    from qwenedit_bot.app.settings import BotSettings
    from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_jobs.pictures.object_store import ObjectPictureStore


@dataclass(slots=True)
class Connections:
    """Clients of Redis, apart by what would get into each other's way, and of the store of objects."""

    commands: Redis
    blocking: Redis
    raw: Redis
    """Does not decode: for pictures."""
    objects: ObjectPictureStore | None = None
    """Has the pictures; None: Redis has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What `main` has when Redis and Telegram answer."""

    settings: BotSettings
    connections: Connections
    keys: BotKeys
    """Names of the bot's keys."""
    bot: Bot
    """The connection to Telegram."""
    me: User
    """What Telegram says of the bot."""
    limiter: SharedLimiter
    """The rate limit of all replicas."""
    metrics: BotMetrics

    @property
    def redis(self) -> Redis:
        """The client that decodes replies."""
        return self.connections.commands
