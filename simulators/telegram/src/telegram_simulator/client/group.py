"""What can be done to a chat from outside, and to a group with the bot in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram_simulator.world.faults import FILE, FaultKind

if TYPE_CHECKING:
    from telegram_simulator.client.connection import Connection

MEDIA = (
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_other_messages",
)
"""Everything that carries a file (https://core.telegram.org/bots/api#chatpermissions)."""


class ControlledChat:
    """A chat of the bot, private or a group, in which calls can be refused, and downloads be slow.

    Args:
        connection: To the simulator.
        chat_id: The chat.
    """

    def __init__(self, connection: Connection, chat_id: int) -> None:
        self._connection = connection
        self.chat_id = chat_id

    async def refuse(self, description: str) -> None:
        """Refuse all calls of the bot in this chat, until `clear_refusals`.

        Args:
            description: Such as `CHAT_RESTRICTED`.
        """
        fault = {"kind": FaultKind.REFUSAL, "description": description, "times": None, "chat_id": self.chat_id}
        await self._connection.do("arm", fault=fault)

    async def clear_refusals(self) -> None:
        """Let no call fail any more that fails because it is for this chat."""
        await self._connection.do("clear_faults", chat=self.chat_id)

    async def throttle_downloads(self, rate: int) -> None:
        """Let files that are sent here come at `rate` bytes a second; ended by `clear_refusals`."""
        fault = {"kind": FaultKind.THROTTLE, "method": FILE, "rate": rate, "times": None, "chat_id": self.chat_id}
        await self._connection.do("arm", fault=fault)


class Group(ControlledChat):
    """Changes what the bot is and may do in a group.

    Args:
        connection: To the simulator.
        chat_id: The group.
    """

    def __init__(self, connection: Connection, chat_id: int) -> None:
        super().__init__(connection, chat_id)
        self.id = chat_id

    async def migrate(self) -> Group:
        """Turn a basic group into a supergroup, which is returned. This one refuses every call from then on.

        Raises:
            RefusedError: It is no basic group (`kind="group"`), or was turned into a supergroup before.
        """
        return Group(self._connection, await self._connection.do("migrate", chat=self.id))

    async def forbid(self, *permissions: str) -> None:
        """Forbid the bot what ChatPermissions call `can_send_photos` and so on; with none, forbid nothing."""
        await self._stand("restricted" if permissions else "member", forbidden=permissions)

    async def forbid_media(self) -> None:
        """Forbid the bot everything but texts."""
        await self.forbid(*MEDIA)

    async def forbid_everything(self) -> None:
        """Forbid the bot to send anything."""
        await self.forbid("can_send_messages", *MEDIA)

    async def kick_bot(self) -> None:
        """Remove the bot, for good."""
        await self._stand("kicked")

    async def add_bot(self) -> None:
        """Let the bot in as a member, or make an administrator a member again."""
        await self._stand("member")

    async def promote_bot(self) -> None:
        """Make the bot an administrator."""
        await self._stand("administrator")

    async def close_topic(self) -> None:
        """Let only administrators write, as where a forum's topic is closed."""
        await self._connection.do("close_topic", chat=self.id)

    async def _stand(self, standing: str, *, forbidden: tuple[str, ...] = ()) -> None:
        await self._connection.do("stand", chat=self.id, standing=standing, forbidden=forbidden)
