"""What a request says, however it says it: query string, form, multipart or JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp.web import FileField

from telegram_simulator.common.errors import BadRequestError, TooLargeError
from telegram_simulator.files.files import mime_of

if TYPE_CHECKING:
    from aiohttp import web

MAX_UPLOAD = 50 << 20
"""Bytes of a file that a bot sends (https://core.telegram.org/bots/api#sending-files)."""
LARGEST = 200 << 20
"""Bytes that a person may send in one go: more than a bot can fetch."""


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
        BadRequestError: It is broken.
        TooLargeError: A file is larger.
    """
    said = RequestBody(dict(request.query))
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise BadRequestError("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise BadRequestError("can't parse JSON object")
        said.values |= {name: value for name, value in body.items() if value is not None}
        return said
    try:
        form = await request.post()
    except ValueError:
        raise BadRequestError("can't parse multipart body") from None
    for name, value in form.items():
        if not isinstance(value, FileField):
            said.values[name] = value.decode() if isinstance(value, bytes | bytearray) else value
            continue
        upload = Upload(value.file.read(), re.split(r"[/\\]", value.filename)[-1], _mime(value))
        if len(upload.data) > limit:
            raise TooLargeError
        said.files.append((name, upload))
    return said


def _mime(file: FileField) -> str:
    """Return the type that the name tells, as Telegram does, or else the one that the sender states."""
    guessed = mime_of(file.filename)
    return guessed if guessed != "application/octet-stream" else file.content_type or guessed
