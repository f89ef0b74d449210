"""What has happened and a bot has not confirmed yet (https://core.telegram.org/bots/api#getting-updates)."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telegram_simulator.common.change_signal import ChangeSignal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT = 86_400.0
"""Seconds that an update is kept."""

KINDS = frozenset({
    "message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member", "chat_member",
    "chat_join_request", "chat_boost", "removed_chat_boost", "message_reaction", "message_reaction_count",
    "business_connection", "business_message", "edited_business_message", "deleted_business_messages",
    "purchased_paid_media", "managed_bot", "guest_message",
})  # fmt: skip
"""All kinds of updates (telegram-bot-api, `Client.cpp`, `get_update_type_name`)."""

OPT_IN = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""What a bot receives only if it asks for it by name."""

AHEAD = 10
"""An offset further than this beyond the last update is taken for a mistake (tdlib, `TQueue.cpp`)."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update with the field that it carries."""

    id: int
    kind: str
    payload: dict[str, Any]
    at: float
    """Monotonic, in seconds."""

    def as_json(self) -> dict[str, Any]:
        """Return what the bot receives."""
        return {"update_id": self.id, self.kind: self.payload}


class UpdateQueue:
    """Updates in order, oldest first.

    Args:
        first_id: Of the first update.
        clock: Monotonic, in seconds.
    """

    def __init__(self, *, first_id: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: deque[Update] = deque()
        self._next_id = first_id
        self._allowed: frozenset[str] | None = None
        self.arrivals = ChangeSignal()

    def __len__(self) -> int:
        self._forget_old()
        return len(self._waiting)

    @property
    def allowed(self) -> list[str]:
        """The kinds of updates asked for; empty for the usual ones."""
        return sorted(self._allowed or ())

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Choose the kinds of updates that are kept from now on; None leaves the choice as it is.

        Names that are none are passed over, and leave the usual kinds where there are no others (telegram-bot-api,
        `Client.cpp`, `get_allowed_update_types`).
        """
        if kinds is not None:
            self._allowed = frozenset(kind.lower() for kind in kinds) & KINDS or None

    def add(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Keep an update unless its kind is not wanted; returns its id."""
        if kind in OPT_IN if self._allowed is None else kind not in self._allowed:
            return None
        return self.force(kind, payload)

    def force(self, kind: str, payload: dict[str, Any]) -> int:
        """Keep an update whatever its kind; returns its id."""
        update = Update(self._next_id, kind, payload, self._clock())
        self._next_id += 1
        self._waiting.append(update)
        self.arrivals.beat()
        return update.id

    def confirm(self, offset: int) -> None:
        """Forget the updates before `offset`; a negative one leaves that many of the last.

        An offset far beyond every update confirms nothing: Telegram starts anew at the oldest one then.
        """
        if offset < 0:
            while len(self._waiting) > -offset:
                self._waiting.popleft()
        elif offset <= self._next_id + AHEAD:
            while self._waiting and self._waiting[0].id < offset:
                self._waiting.popleft()

    def first(self, limit: int) -> list[Update]:
        """Return the oldest updates."""
        self._forget_old()
        return [update for update, _ in zip(self._waiting, range(limit), strict=False)]

    def remove(self, update: Update) -> None:
        """Forget one update."""
        if update in self._waiting:
            self._waiting.remove(update)

    def clear(self) -> None:
        """Forget all updates."""
        self._waiting.clear()

    def _forget_old(self) -> None:
        oldest = self._clock() - KEPT
        while self._waiting and self._waiting[0].at < oldest:
            self._waiting.popleft()
