"""Telegram's updates as they come: what kind they are, whose chat they belong to, and how they are read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from qwenedit_bot.chat.actors import actor_in, event_in, kind_of

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character, or half of a pair that is one: to tell is the decoder's business."""


@dataclass(frozen=True, slots=True)
class ReceivedUpdate:
    """One update as Telegram sent it, or a whole album of them."""

    raw: dict[str, Any]
    refused: bool = False
    """Whether it, and maybe more of its sender's, was not taken."""

    @property
    def update_id(self) -> int:
        """Telegram's number of the update."""
        return int(self.raw.get("update_id", 0))

    @property
    def album(self) -> list[dict[str, Any]]:
        """The updates of a whole album in the order in which it was sent; none where this is not one."""
        return self.raw.get("album") or []

    @property
    def kind(self) -> str:
        """See `kind_of`."""
        return kind_of(self.raw)


def chat_of(raw: dict[str, Any]) -> int:
    """Return the id of the chat that an update, or a whole album, belongs to; 0 where there is none."""
    if kind_of(raw) == "album":
        return chat_of(raw["album"][0])
    match event_in(raw):
        case {"message": {"chat": {"id": int(chat)}}} | {"chat": {"id": int(chat)}} | {"from": {"id": int(chat)}}:
            return int(chat)  # `False` is one too, and no argument for Redis
    return 0


def may_call(raw: dict[str, Any]) -> bool:
    """Whether an update may be for the bot: in a group, people mostly write to each other."""
    match event_in(raw):
        case {"chat": {"id": int(chat)}, **message} if chat < 0:
            said = str(message.get("text") or message.get("caption") or "")
            return said.startswith("/") or "@" in said
    return True


def lane_of(raw: dict[str, Any]) -> str:
    """Name the lane of an update: its chat. Questions before a payment have ten seconds, so they wait for no photo."""
    return f"checkout:{actor_in(raw)}" if kind_of(raw) == "pre_checkout_query" else str(chat_of(raw))


def album_of(raw: dict[str, Any]) -> tuple[str, str]:
    """Name the album of which an update brings a message, and the message; empty for all others."""
    match raw.get("message"):
        case {"media_group_id": str(album), "chat": {"id": int(chat)}, "message_id": int(message)}:
            return f"{chat}:{album.encode(errors='backslashreplace').decode()}", str(message)
    return "", ""


def decoded(update: str) -> dict[str, Any]:
    """Read an update; halves of characters, which JSON can escape and nobody can encode, become question marks.

    Raises:
        ValueError: it is no JSON object.
    """
    raw = json.loads(update)
    if _ESCAPED_HALF.search(update):
        raw = json.loads(json.dumps(raw, ensure_ascii=False).encode(errors="replace"))
    if not isinstance(raw, dict):
        raise ValueError("an update is an object")  # noqa: TRY004 - whoever reads it expects a bad value
    return cast("dict[str, Any]", raw)
