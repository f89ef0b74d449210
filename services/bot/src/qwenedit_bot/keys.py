"""What the bot keeps in Redis beside the queue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BotKeys:
    """Names of the bot's own keys; they expire or are emptied by the bot.

    Args:
        prefix: The installation's, as in `qwenedit_jobs.Keys`.
        bot_id: Telegram's number of the bot. Ids of updates and messages mean something only together with it.
    """

    prefix: str
    bot_id: int

    @property
    def updates(self) -> str:
        """STREAM of updates that Telegram was told we have and that are not handled yet."""
        return f"{self.prefix}:updates"

    @property
    def leader(self) -> str:
        """STRING: the replica that runs the janitor and the progress edits."""
        return f"{self.prefix}:leader"

    @property
    def dialogue_prefix(self) -> str:
        """Prefix of aiogram's dialogue state."""
        return f"{self.prefix}:dialogue"

    @property
    def seen_prefix(self) -> str:
        """Prefix of STRINGs: updates that were taken already."""
        return f"{self.prefix}:update:{self.bot_id}:"

    def reply(self, chat_id: int, message_id: int) -> str:
        """STRING: id of the bot's message that answers this message of a user."""
        return f"{self.prefix}:reply:{self.bot_id}:{chat_id}:{message_id}"

    def album(self, chat_id: int, media_group_id: str) -> str:
        """STRING: id of the album's message that is answered for all of them."""
        return f"{self.prefix}:album:{self.bot_id}:{chat_id}:{media_group_id}"
