"""The files of one bot: what it uploads and what people send to it."""

from __future__ import annotations

import hashlib
import itertools
import mimetypes
import secrets
from pathlib import PurePosixPath

from telegram_simulator.model import File, Media

_TYPES = mimetypes.MimeTypes()  # the same wherever it runs: without the system's own list
for _extension in ("heic", "heif", "avif", "webp"):
    _TYPES.add_type(f"image/{_extension}", f".{_extension}")


class Files:
    """Keeps files in memory, for as long as the simulator runs."""

    def __init__(self) -> None:
        self._by_id: dict[str, File] = {}
        self._by_path: dict[str, File] = {}
        self._media: dict[str, Media] = {}
        self._data: dict[str, bytes] = {}
        self._numbers = itertools.count()

    def add(
        self, data: bytes, *, folder: str, name: str | None = None, mime: str | None = None, chat_id: int | None = None
    ) -> File:
        """Keep bytes under a new id."""
        mime = mime or mime_of(name)
        suffix = PurePosixPath(name).suffix if name else _TYPES.guess_extension(mime) or ""
        digest = hashlib.sha256(data).hexdigest()
        file = File(
            id=f"AgAC{secrets.token_urlsafe(30)}",
            unique_id=digest[:16],
            path=f"{folder}/file_{next(self._numbers)}{suffix}",
            # Fifty people who send the same 18 MB do not take fifty times as much.
            data=self._data.setdefault(digest, data),
            name=name,
            mime=mime,
            chat_id=chat_id,
        )
        self._by_id[file.id] = self._by_path[file.path] = file
        return file

    def remember(self, media: Media) -> Media:
        """Know what to send when one of its files is sent again by id."""
        for file in (media.file, *(rendition.file for rendition in media.renditions)):
            self._media.setdefault(file.id, media)
        return media

    def media(self, file_id: str) -> Media | None:
        """Look up what a file is a part of."""
        return self._media.get(file_id)

    def find(self, file_id: str) -> File | None:
        """Look a file up by its id."""
        return self._by_id.get(file_id)

    def at(self, path: str) -> File | None:
        """Look a file up by its download path."""
        return self._by_path.get(path)


def mime_of(name: str | None) -> str:
    """Guess a type from a file's name, as Telegram does when its sender states none."""
    return (_TYPES.guess_type(name)[0] if name else None) or "application/octet-stream"
