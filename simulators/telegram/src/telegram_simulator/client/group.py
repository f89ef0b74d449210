"""A group with the bot in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_simulator.client.chat import ControlledChat

if TYPE_CHECKING:
    from telegram_simulator.client.connection import Connection

MEDIA = (
    "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos", "can_send_video_notes",
    "can_send_voice_notes", "can_send_other_messages",
)  # fmt: skip
"""Everything that carries a file (https://core.telegram.org/bots/api#chatpermissions)."""


class Group(ControlledChat):
    """Changes what the bot is and may do in a group.

    Args:
        connection: To the simulator.
        chat_id: The group.
    """

    def __init__(self, connection: Connection, chat_id: int) -> None:
        super().__init__(connection, chat_id)
        self.id = chat_id

    async def migrate(self, *, edits: bool = False) -> Group:
        """Turn a basic group into a supergroup, which is returned. This one refuses every call from then on.

        Args:
            edits: The bot can still edit what it has sent here.

        Raises:
            RefusedError: It is no basic group (`kind="group"`), or was turned into a supergroup before.
        """
        seen = await self._connection.json("POST", f"groups/{self.id}/migration", {"edits": edits})
        return Group(self._connection, seen["id"])

    async def forbid(self, *permissions: str) -> None:
        """Forbid the bot what ChatPermissions call `can_send_photos` and so on; with none, forbid nothing.

        Raises:
            RefusedError: There is no such permission.
        """
        await self._change(forbidden=permissions)

    async def forbid_media(self) -> None:
        """Forbid the bot everything but texts."""
        await self.forbid(*MEDIA)

    async def forbid_everything(self) -> None:
        """Forbid the bot to send anything."""
        await self.forbid("can_send_messages", *MEDIA)

    async def kick_bot(self) -> None:
        """Remove the bot, for good."""
        await self._change(standing="kicked")

    async def add_bot(self) -> None:
        """Let the bot in as a member, or make an administrator a member again."""
        await self._change(standing="member")

    async def promote_bot(self) -> None:
        """Make the bot an administrator."""
        await self._change(standing="administrator")

    async def close_topic(self) -> None:
        """Let only administrators write, as where a forum's topic is closed."""
        await self._change(topic_closed=True)

    async def _change(self, **rights: Any) -> None:
        await self._connection.json("PUT", f"groups/{self.id}/rights", rights)
