"""The simulator as a whole: its people, its faults, its log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self, TypedDict

from telegram_simulator.client.connection import Connection
from telegram_simulator.client.group import Group
from telegram_simulator.client.person import PATIENCE, NeverHappenedError, Person
from telegram_simulator.world.call_log import Call

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from telegram_simulator.client.snapshots import FileInfo
    from telegram_simulator.world.faults import FaultKind


class BotState(TypedDict):
    """A bot as Telegram knows it."""

    id: int
    username: str
    webhook: str | None
    pending: int
    """Updates that it has not confirmed."""


class TelegramSimulator:
    """Talks to a running simulator. An async context manager.

    Args:
        base_url: Where it listens.
        bot_id: The bot that people talk to; None for the newest.
    """

    def __init__(self, base_url: str, *, bot_id: int | None = None) -> None:
        self._connection = Connection(base_url, bot_id)

    async def __aenter__(self) -> Self:
        await self._connection.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def user(
        self,
        user_id: int | None = None,
        *,
        language: str | None = "en",
        first_name: str = "Ann",
        username: str | None = None,
        is_bot: bool = False,
    ) -> Person:
        """Make a person, or change the one of that id; another bot, where `is_bot`, whom no bot ever hears."""
        user_id = await self._connection.do(
            "user",
            id=user_id,
            language=language,
            first_name=first_name,
            username=username,
            is_bot=is_bot,
        )
        return Person(self._connection, user_id)

    async def group(self, title: str, *members: Person, kind: str = "supergroup", bot_admin: bool = False) -> Group:
        """Make a group of people and the bot."""
        ids = [person.id for person in members]
        made = await self._connection.do("group", title=title, members=ids, kind=kind, bot_admin=bot_admin)
        return Group(self._connection, made)

    async def bot(self) -> BotState:
        """Look at the bot."""
        state: BotState = await self._connection.do("bot")
        return state

    async def set_privacy(self, *, reads_all: bool) -> None:
        """Choose whether the bot reads everything in groups, as with BotFather."""
        await self._connection.do("set_up", reads_all=reads_all)

    async def set_token(self, secret: str) -> None:
        """Give the bot a new token, its id and this; the old one is refused with 401 from now on."""
        await self._connection.do("set_up", secret=secret)

    async def add_update(self, update: dict[str, Any]) -> int:
        """Let the bot receive any update, however odd; returns its id, which is given here."""
        return int(await self._connection.do("add_update", update=update))

    async def download(self, file: FileInfo | None) -> bytes:
        """Fetch the bytes of a file in a message; None is what a message without one has, and an error here."""
        if file is None:
            raise NeverHappenedError("there is no file in that message")
        return await self._connection.bytes(f"files/{file.file_id}")

    async def calls(self, method: str = "", *, since: int = 0) -> tuple[Call, ...]:
        """Return the last 10,000 calls made so far, of one method or of all; only those with a number above `since`."""
        return (await self._calls(method=method, since=since))[1]

    async def wait_for_calls(
        self,
        predicate: Callable[[tuple[Call, ...]], object],
        timeout: float = PATIENCE,  # noqa: ASYNC109
        *,
        method: str = "",
    ) -> tuple[Call, ...]:
        """Return the calls as soon as they are as wanted.

        Raises:
            NeverHappenedError: They were not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        query: dict[str, Any] = {}
        while True:
            version, calls = await self._calls(method=method, **query)
            if predicate(calls):
                return calls
            left = deadline - time.monotonic()
            if left <= 0:
                raise NeverHappenedError(f"the calls of {method or 'any method'} within {timeout:g} s: {calls}")
            query = {"after": version, "wait": left}

    async def fault(
        self,
        method: str,
        kind: FaultKind | str,
        *,
        times: int | None = 1,
        **properties: Any,
    ) -> None:
        """Let the next calls of a method fail; `*` stands for any, `file` for downloads.

        Args:
            method: Of the Bot API.
            kind: What goes wrong (`faults.FaultKind`).
            times: How many calls; None for all until `clear_faults`.
            properties: Further attributes of `faults.Fault`, such as `retry_after`, `seconds`, `chat_id`.

        Raises:
            RefusedError: There is no such fault.
        """
        await self._connection.do("arm", fault={"kind": str(kind), "method": method, "times": times, **properties})

    async def faults(self) -> list[dict[str, Any]]:
        """Return what has not befallen any call yet."""
        armed: list[dict[str, Any]] = await self._connection.do("faults")
        return armed

    async def clear_faults(self) -> None:
        """Let no call fail any more."""
        await self._connection.do("clear_faults")

    async def limit(self, **rates: float) -> None:
        """Change the limits (`limits.Rates`), `enabled=False` for none; forgives everything so far.

        Raises:
            RefusedError: There is no such limit.
        """
        await self._connection.do("limit", rates=rates)

    async def _calls(self, **query: Any) -> tuple[int, tuple[Call, ...]]:
        seen = await self._connection.do("calls", own=self._connection.bot_id is not None, **query)
        return seen["version"], tuple(Call(**call) for call in seen["calls"])
