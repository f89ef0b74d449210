"""What a call says, however it says it: query string, form, multipart or JSON; of a request or a webhook's answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from aiohttp import BodyPartReader, MultipartReader

from telegram_simulator.common.errors import BadRequestError, TooLargeError
from telegram_simulator.files.files import mime_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import StreamReader
    from multidict import CIMultiDictProxy

MAX_UPLOAD = 50 << 20
"""Bytes of a file that a bot sends (https://core.telegram.org/bots/api#sending-files)."""
MAX_BODY = MAX_UPLOAD + (1 << 20)

_CHUNK = 1 << 16
_PARAMETER = re.compile(
    r";\s*(?P<key>name|filename)(?P<star>\*?)=(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^;]*))", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a request."""

    data: bytes = field(repr=False)
    name: str
    mime: str


@dataclass(slots=True)
class RequestBody:
    """A call's parameters, not yet understood.

    Attributes:
        values: Strings, and from JSON bodies also lists and objects.
        files: With the names of their fields, which may repeat.
    """

    values: dict[str, Any] = field(default_factory=dict)
    files: list[tuple[str, Upload]] = field(default_factory=list)

    @property
    def uploads(self) -> dict[str, Upload]:
        """The files by the names of their fields; the first of a name counts."""
        return dict(reversed(self.files))


async def read_body(headers: CIMultiDictProxy[str], content: StreamReader, *, limit: int = MAX_BODY) -> RequestBody:
    """Read a body of up to `limit` bytes.

    Raises:
        BadRequestError: It is broken.
        TooLargeError: It is larger.
    """
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _multipart(headers, content, limit=limit)
    data = bytearray()
    async for chunk in content.iter_chunked(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise TooLargeError
    if kind == "application/json":
        return RequestBody(_from_json(bytes(data)))
    if kind == "application/x-www-form-urlencoded":
        return RequestBody(dict(parse_qsl(data.decode(errors="replace"), keep_blank_values=True)))
    return RequestBody()


def file_name(disposition: str) -> tuple[str | None, str | None]:
    """Return the names of a part and of its file from its `Content-Disposition`.

    Clients write them as they please: unquoted, with blanks, in UTF-8 or percent-encoded.
    """
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(disposition):
        value = match["plain"].strip() if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
        if match["star"]:
            value = unquote(value.rpartition("'")[2])
        if match["star"] or match["key"].lower() not in found:
            found[match["key"].lower()] = value
    return found.get("name"), found.get("filename")


def _from_json(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data or b"{}")
    except ValueError:
        raise BadRequestError("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise BadRequestError("can't parse JSON object")
    return {name: _as_text(value) for name, value in body.items() if value is not None}


def _as_text(value: Any) -> Any:
    """Write plain values as a form would; a list or an object stays what it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


async def _multipart(headers: CIMultiDictProxy[str], content: StreamReader, *, limit: int) -> RequestBody:
    said = RequestBody()
    room = limit
    try:
        reader = MultipartReader(headers, content)
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise BadRequestError("can't parse nested multipart body")
            data = await _part(part, room)
            room -= len(data)
            name, filename = file_name(part.headers.get("Content-Disposition", ""))
            if name is None:
                continue
            if filename is None:
                said.values[name] = data.decode(errors="replace")
            else:
                said.files.append((name, Upload(data, _base(filename), _mime(part.headers, filename))))
    except (ValueError, EOFError):
        raise BadRequestError("can't parse multipart body") from None
    return said


async def _part(part: BodyPartReader, room: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > room:
            raise TooLargeError
    return bytes(data)


def _base(filename: str) -> str:
    return re.split(r"[/\\]", filename)[-1]


def _mime(headers: Mapping[str, str], filename: str) -> str:
    """Return the type that the name tells, as Telegram does, or else the one that the sender states."""
    guessed = mime_of(filename)
    stated = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return guessed if guessed != "application/octet-stream" else stated or guessed
