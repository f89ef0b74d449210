"""The parse mode HTML (https://core.telegram.org/bots/api#html-style), as strict as Telegram's own parser."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from aiogram.types import MessageEntity

from telegram_simulator.common.errors import BadRequestError

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "span": "spoiler",
    "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[A-Za-z0-9-]*)(?P<attributes>[^<>]*)>"
    r"|(?P<reference>&(?:lt|gt|amp|quot|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});)"
)
_SPECIAL = re.compile(r"[<&]")
_ATTRIBUTE = re.compile(r"([A-Za-z0-9-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")


@dataclass(slots=True)
class _Open:
    """A tag that is not closed yet."""

    tag: str
    offset: int
    attributes: dict[str, str]


def parse_html(source: str) -> tuple[str, list[MessageEntity]]:
    """Return the text and its entities.

    Raises:
        BadRequestError: A tag is unknown, unclosed or closed out of order.
    """
    parser = _Parser(source)
    parser.run()
    return parser.text, parser.entities


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._length = 0
        self.text = ""
        self.entities: list[MessageEntity] = []

    def run(self) -> None:
        position = 0
        while (start := self._next_special(position)) is not None:
            self._plain(self._source[position:start])
            match = _TOKEN.match(self._source, start)
            if match is None:
                if self._source[start] == "<":
                    raise _broken(f"Unexpected end of name token at byte offset {self._bytes(start)}")
                self._plain("&")  # no reference: a plain ampersand
                position = start + 1
                continue
            self._token(match)
            position = match.end()
        self._plain(self._source[position:])
        if self._open:
            raise _broken(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        self.entities.sort(key=lambda entity: (entity.offset, -entity.length))

    def _next_special(self, position: int) -> int | None:
        match = _SPECIAL.search(self._source, position)
        return match.start() if match else None

    def _token(self, match: re.Match[str]) -> None:
        if match["reference"]:
            self._plain(html.unescape(match["reference"]))
        elif match["close"]:
            self._close(match["tag"].lower(), match.start())
        else:
            self._start(match["tag"].lower(), match["attributes"], match.start())

    def _start(self, tag: str, attributes: str, position: int) -> None:
        values = {
            found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
            for found in _ATTRIBUTE.finditer(attributes)
        }
        if tag not in _TAGS:
            raise _broken(f'Unsupported start tag "{tag}" at byte offset {self._bytes(position)}')
        if tag == "span" and values.get("class") != "tg-spoiler":
            raise _broken(f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(position)}')
        self._open.append(_Open(tag, self._length, values))

    def _close(self, tag: str, position: int) -> None:
        if not self._open:
            raise _broken(f"Unexpected end tag at byte offset {self._bytes(position)}")
        opened = self._open.pop()
        if tag not in ("", opened.tag):
            raise _broken(
                f"Unmatched end tag at byte offset {self._bytes(position)}, "
                f'expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self._length > opened.offset:
            self._mark(opened)

    def _mark(self, opened: _Open) -> None:
        kind = _TAGS[opened.tag]
        extra: dict[str, Any] = {}
        length = self._length - opened.offset
        if kind == "text_link":
            url = opened.attributes.get("href") or self._tail(length)
            if "." not in url and "://" not in url:
                return  # Telegram leaves an invalid link as plain text
            extra = {"url": url}
        elif kind == "blockquote" and "expandable" in opened.attributes:
            kind = "expandable_blockquote"
        elif kind == "custom_emoji":
            extra = {"custom_emoji_id": opened.attributes.get("emoji-id", "")}
        elif kind == "code" and self._open and self._open[-1].tag == "pre":
            language = opened.attributes.get("class", "")
            if language.startswith("language-"):
                self._open[-1].attributes["language"] = language.removeprefix("language-")
                return
        elif kind == "pre" and "language" in opened.attributes:
            extra = {"language": opened.attributes["language"]}
        self.entities.append(MessageEntity(type=kind, offset=opened.offset, length=length, **extra))

    def _tail(self, length: int) -> str:
        return self.text.encode("utf-16-le")[-2 * length :].decode("utf-16-le")

    def _plain(self, text: str) -> None:
        self.text += text
        self._length += len(text.encode("utf-16-le")) // 2

    def _bytes(self, position: int) -> int:
        return len(self._source[:position].encode())


def _broken(what: str) -> BadRequestError:
    return BadRequestError(f"can't parse entities: {what}")
