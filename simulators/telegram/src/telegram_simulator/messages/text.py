"""What Telegram makes of a text: trimmed, measured, its commands and links marked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from aiogram.types import MessageEntity

from telegram_simulator.common.errors import BadRequestError
from telegram_simulator.messages.html import parse_html

MAX_TEXT = 4096
MAX_CAPTION = 1024
"""In code points, after parsing."""

_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,:;!?)\]])"
    r"|(?<![\w/])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/])"
    r"|(?<![\w/.])(?P<mention>@[A-Za-z][A-Za-z0-9_]{2,31})(?!\w)"
    r"|(?<!\w)(?P<hashtag>\#\w+)"
)


@dataclass(frozen=True, slots=True)
class RichText:
    """A text and what is marked in it; offsets are in UTF-16 units."""

    text: str
    entities: tuple[MessageEntity, ...] = ()


def utf16(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def rich_text(text: str, *, parse_mode: str | None = None, entities: list[MessageEntity] | None = None) -> RichText:
    """Understand a text with its markup.

    Raises:
        BadRequestError: The markup is broken, or none that the simulator knows.
    """
    text = text.replace("\r", "")  # browsers end the lines of a form with CRLF
    if parse_mode:
        if parse_mode.lower() != "html":
            raise BadRequestError(f"can't parse entities: the simulator knows the parse mode HTML, not {parse_mode}")
        text, entities = parse_html(text)
    return _marked(*_trimmed(text, entities or []))


def message_text(rich: RichText) -> RichText:
    """Let a message's text through.

    Raises:
        BadRequestError: It is empty or too long.
    """
    if not rich.text:
        raise BadRequestError("message text is empty")
    if len(rich.text) > MAX_TEXT:
        raise BadRequestError("message is too long")
    return rich


def caption(rich: RichText) -> RichText:
    """Let a caption through.

    Raises:
        BadRequestError: It is too long.
    """
    if len(rich.text) > MAX_CAPTION:
        raise BadRequestError("message caption is too long")
    return rich


def _trimmed(text: str, entities: list[MessageEntity]) -> tuple[str, list[MessageEntity]]:
    """Take blanks off both ends, and let entities begin and end within what is left."""
    trimmed = text.strip()
    before = utf16(text[: len(text) - len(text.lstrip())])
    length = utf16(trimmed)
    kept = []
    for entity in entities:
        start = min(max(entity.offset - before, 0), length)
        end = min(max(entity.offset + entity.length - before, 0), length)
        if end > start:
            kept.append(entity.model_copy(update={"offset": start, "length": end - start}))
    return trimmed, kept


def _marked(text: str, entities: list[MessageEntity]) -> RichText:
    found = []
    for match in _FOUND.finditer(text):
        start = utf16(text[: match.start()])
        length = utf16(match.group())
        if not any(entity.offset < start + length and start < entity.offset + entity.length for entity in entities):
            found.append(MessageEntity(type=str(match.lastgroup), offset=start, length=length))
    ordered = sorted([*entities, *found], key=lambda entity: (entity.offset, -entity.length))
    return RichText(text, tuple(_shared(entity.model_dump_json(exclude_none=True)) for entity in ordered))


@lru_cache(maxsize=4096)
def _shared(entity: str) -> MessageEntity:
    """Return one object for equal entities: every version of every message keeps its own."""
    return MessageEntity.model_validate_json(entity)
