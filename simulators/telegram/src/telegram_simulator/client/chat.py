"""What can be done to a chat from outside: refusing the bot's calls, and slowing its downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_simulator.world.faults import ANY, FILE, FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram_simulator.client.connection import Connection


class ControlledChat:
    """A chat of the bot, private or a group.

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
        await self._arm(
            FaultKind.REFUSAL,
            method=method,
            status=status,
            description=description,
            parameters=dict(parameters or {}),
            times=times,
        )

    async def clear_refusals(self, method: str | None = None) -> None:
        """Let no call fail any more that fails because it is for this chat; or only those of one method."""
        query = {"chat_id": str(self.chat_id)} | ({} if method is None else {"method": method})
        await self._connection.json("DELETE", "faults", query=query)

    async def throttle_downloads(self, rate: int, *, times: int | None = None) -> None:
        """Let files that are sent here come at `rate` bytes a second; ended by `clear_refusals`."""
        await self._arm(FaultKind.THROTTLE, method=FILE, rate=rate, times=times)

    async def _arm(self, kind: FaultKind, **fault: Any) -> None:
        await self._connection.json("POST", "faults", {"fault": kind.value, "chat_id": self.chat_id, **fault})
