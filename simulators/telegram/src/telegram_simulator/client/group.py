"""What can be done to a chat from outside, and to a group with the bot in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram_simulator.world.faults import ANY, FILE, FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    async def refuse(
        self,
        method: str = ANY,
        *,
        status: int = 400,
        description: str = "",
        parameters: Mapping[str, int] | None = None,
        times: int | None = None,
    ) -> None:
        """Refuse the bot's calls in this chat.

        Args:
            method: Of the Bot API, `file` for downloads of what was sent here, or `*` for any.
            status: Of HTTP.
            description: Such as `CHAT_RESTRICTED`; the status' name is put before it.
            parameters: Such as `retry_after`, in seconds.
            times: How many calls; None for all until `clear_refusals`.

        Raises:
            RefusedError: There is no such refusal.
        """
        said = {"status": status, "description": description, "parameters": dict(parameters or {})}
        fault = {"kind": FaultKind.REFUSAL, "method": method, "times": times, "chat_id": self.chat_id, **said}
        await self._connection.do("arm", fault=fault)

    async def clear_refusals(self, method: str | None = None) -> None:
        """Let no call fail any more that fails because it is for this chat; or only those of one method."""
        await self._connection.do("clear_faults", chat=self.chat_id, method=method)

    async def throttle_downloads(self, rate: int, *, times: int | None = None) -> None:
        """Let files that are sent here come at `rate` bytes a second; ended by `clear_refusals`."""
        fault = {"kind": FaultKind.THROTTLE, "method": FILE, "rate": rate, "times": times, "chat_id": self.chat_id}
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

    async def migrate(self, *, edits: bool = False) -> Group:
        """Turn a basic group into a supergroup, which is returned. This one refuses every call from then on.

        Args:
            edits: The bot can still edit what it has sent here.

        Raises:
            RefusedError: It is no basic group (`kind="group"`), or was turned into a supergroup before.
        """
        return Group(self._connection, await self._connection.do("migrate", chat=self.id, edits=edits))

    async def forbid(self, *permissions: str) -> None:
        """Forbid the bot what ChatPermissions call `can_send_photos` and so on; with none, forbid nothing.

        Raises:
            RefusedError: There is no such permission.
        """
        await self._connection.do("change_rights", chat=self.id, forbidden=permissions)

    async def forbid_media(self) -> None:
        """Forbid the bot everything but texts."""
        await self.forbid(*MEDIA)

    async def forbid_everything(self) -> None:
        """Forbid the bot to send anything."""
        await self.forbid("can_send_messages", *MEDIA)

    async def kick_bot(self) -> None:
        """Remove the bot, for good."""
        await self._connection.do("change_rights", chat=self.id, standing="kicked")

    async def add_bot(self) -> None:
        """Let the bot in as a member, or make an administrator a member again."""
        await self._connection.do("change_rights", chat=self.id, standing="member")

    async def promote_bot(self) -> None:
        """Make the bot an administrator."""
        await self._connection.do("change_rights", chat=self.id, standing="administrator")

    async def close_topic(self) -> None:
        """Let only administrators write, as where a forum's topic is closed."""
        await self._connection.do("change_rights", chat=self.id, topic_closed=True)
