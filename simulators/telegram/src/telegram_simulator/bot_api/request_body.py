"""What a request says, however it says it: query string, form, multipart or JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader

from telegram_simulator.common.errors import ApiError
from telegram_simulator.files.files import mime_of

if TYPE_CHECKING:
    from aiohttp import MultipartReader, web

MAX_UPLOAD = 50 << 20
"""Bytes of a file that a bot sends (https://core.telegram.org/bots/api#sending-files)."""
LARGEST = 200 << 20
"""Bytes that a person may send in one go: more than a bot can fetch."""
_CHUNK = 1 << 16


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


async def read_body(request: web.Request, *, limit: int = MAX_UPLOAD) -> RequestBody:
    """Read the query and the body, with files of up to `limit` bytes.

    Raises:
        ApiError: It is broken, or a file is larger.
    """
    said = RequestBody(dict(request.query))
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise ApiError("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise ApiError("can't parse JSON object")
        said.values |= {name: value for name, value in body.items() if value is not None}
        return said
    if request.content_type != "multipart/form-data":
        said.values |= dict(await request.post())
        return said
    try:
        async for part in await request.multipart():
            await _read(part, said, limit=limit)
    except ValueError:
        raise ApiError("can't parse multipart body") from None
    return said


async def _read(part: MultipartReader | BodyPartReader | None, said: RequestBody, *, limit: int) -> None:
    if not isinstance(part, BodyPartReader) or part.name is None:
        raise ApiError("can't parse multipart body")
    if part.filename is None:
        said.values[part.name] = await part.text()
        return
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > limit:
            raise ApiError(code=413)
    name = re.split(r"[/\\]", part.filename)[-1]
    said.files.append((part.name, Upload(bytes(data), name, _mime(part, name))))


def _mime(part: BodyPartReader, name: str) -> str:
    """Return the type that the name tells, as Telegram does, or else the one that the sender states."""
    guessed = mime_of(name)
    return guessed if guessed != "application/octet-stream" else part.headers.get("Content-Type", guessed)
