"""The presets that each user chose last, to offer them first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.common.retention import PersonalData

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.presets.catalogue import Catalogue, Preset

REMEMBERED = 90 * 86_400
"""Seconds after the last choice."""
MOST = 2
"""They are one row of buttons."""


class RecentPresets:
    """The last presets of each user, by their ids.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
    """

    personal_data = (
        PersonalData(
            what="which presets were chosen last", keys=("recent_presets",), seconds=REMEMBERED, told="presets"
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys

    async def note(self, user_id: int, preset_id: str) -> None:
        """Put a preset before the others; may be repeated."""
        key = self._keys.recent_presets(user_id)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.lrem(key, 0, preset_id)
        pipeline.lpush(key, preset_id)
        pipeline.ltrim(key, 0, MOST - 1)
        pipeline.expire(key, REMEMBERED)
        await pipeline.execute()

    async def of(self, user_id: int, catalogue: Catalogue) -> tuple[Preset, ...]:
        """Return a user's last presets that are still on offer, the newest first."""
        ids = await self._redis.lrange(self._keys.recent_presets(user_id), 0, MOST - 1)
        return tuple(preset for each in ids if (preset := catalogue.preset(str(each))) is not None)

    async def forget(self, user_id: int) -> None:
        """Offer a user nothing first."""
        await self._redis.unlink(self._keys.recent_presets(user_id))
