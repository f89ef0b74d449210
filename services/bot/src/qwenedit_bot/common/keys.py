"""The names of the bot's own Redis keys, beside those of the queue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BotKeys:
    """Names of the bot's own keys; they expire or are emptied by the bot."""

    prefix: str
    """The installation's, as in `qwenedit_jobs.Keys`."""
    bot_id: int
    """Telegram's number of the bot. Ids of updates and messages mean something only together with it."""

    @property
    def updates(self) -> str:
        """Prefix of the lanes of updates that Telegram was told we have and that are not handled yet."""
        return f"{self.prefix}:inbox"

    def draft(self, chat_id: int | str, user_id: int) -> str:
        """STRING: what waits in a chat for a user, as JSON."""
        return f"{self.prefix}:draft:{self.bot_id}:{chat_id}:{user_id}"

    @property
    def banned(self) -> str:
        """SET of banned users."""
        return f"{self.prefix}:banned"

    @property
    def forgetting(self) -> str:
        """SET of jobs whose users have asked to be forgotten: as soon as they have ended they are."""
        return f"{self.prefix}:forgetting"

    def forgot(self, user_id: int) -> str:
        """STRING: the press by which a user asked to be forgotten a few seconds ago."""
        return f"{self.prefix}:forgot:{user_id}"

    @property
    def account_prefix(self) -> str:
        """Prefix of what a user may still ask for, and has paid: the next four keys."""
        return f"{self.prefix}:account:"

    def free_used(self, user_id: int) -> str:
        """HASH day → number: how many free jobs a user has used."""
        return f"{self.account_prefix}{user_id}:free-used"

    def charged(self, user_id: int) -> str:
        """HASH job → day or lot: what a user's unfinished jobs were charged to."""
        return f"{self.account_prefix}{user_id}:charged"

    def lots(self, user_id: int) -> str:
        """HASH lot → jobs left: what a user was granted or has bought."""
        return f"{self.account_prefix}{user_id}:lots"

    def judged(self, job_id: str) -> str:
        """STRING: what moderation has said of a job's result, and the digest of the picture."""
        return f"{self.prefix}:judged:{job_id}"

    def payments(self, user_id: int) -> str:
        """HASH charge → what a user has paid, as JSON."""
        return f"{self.account_prefix}{user_id}:payments"

    @property
    def seen_prefix(self) -> str:
        """Prefix of STRINGs: updates that were taken already."""
        return f"{self.prefix}:update:{self.bot_id}:"

    def language(self, user_id: int) -> str:
        """STRING: the language that a user chose."""
        return f"{self.prefix}:language:{user_id}"

    def pace(self, what: str) -> str:
        """STRING: what was sent lately with the token or in a chat, a pause, or a person's place in line."""
        return f"{self.prefix}:pace:{self.bot_id}:{what}"

    def reply(self, chat_id: int, message_id: int | str, discriminator: str = "") -> str:
        """STRING: id of the bot's message that answers this message of a user."""
        key = f"{self.prefix}:reply:{self.bot_id}:{chat_id}:{message_id}"
        return f"{key}:{discriminator}" if discriminator else key

    def said(self, chat_id: int, message_id: int | str, discriminator: str = "") -> str:
        """SET of digests: what the message that `reply` names has said so far."""
        key = f"{self.prefix}:said:{self.bot_id}:{chat_id}:{message_id}"
        return f"{key}:{discriminator}" if discriminator else key

    def occasion(self, chat_id: int | str, occasion: str) -> str:
        """STRING: id of the message that is answered for all that belong together."""
        return f"{self.prefix}:occasion:{self.bot_id}:{chat_id}:{occasion}"

    @property
    def album_prefix(self) -> str:
        """Prefix of HASHes: message id → update, of an open album, or that it is closed."""
        return f"{self.prefix}:album:{self.bot_id}:"
