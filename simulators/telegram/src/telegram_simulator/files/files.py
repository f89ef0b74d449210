"""The files of one bot: what it uploads and what people send to it."""

from __future__ import annotations

import hashlib
import itertools
import mimetypes
import secrets
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from telegram_simulator.messages.model import File

if TYPE_CHECKING:
    from telegram_simulator.files.storage import Storage

_TYPES = mimetypes.MimeTypes()  # the same wherever it runs: without the system's own list
for _extension in ("heic", "heif", "avif", "webp"):
    _TYPES.add_type(f"image/{_extension}", f".{_extension}")


class Files:
    """Knows files by their names.

    Args:
        storage: Keeps their bytes; a file whose bytes it forgets is forgotten here.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._by_id: dict[str, File] = {}
        self._by_path: dict[str, File] = {}
        self._numbers = itertools.count()

    def add(
        self, data: bytes, *, folder: str, name: str | None = None, mime: str | None = None, chat_id: int | None = None
    ) -> File:
        """Keep bytes under a new id."""
        mime = mime or mime_of(name)
        suffix = PurePosixPath(name).suffix if name else _TYPES.guess_extension(mime) or ""
        file_id, path = f"AgAC{secrets.token_urlsafe(30)}", f"{folder}/file_{next(self._numbers)}{suffix}"
        file = File(
            id=file_id,
            unique_id=hashlib.sha256(data).hexdigest()[:16],
            path=path,
            content=self._storage.add(data, forgotten=lambda: self._forget(file_id, path)),
            size=len(data),
            name=name,
            mime=mime,
            chat_id=chat_id,
        )
        self._by_id[file.id] = self._by_path[file.path] = file
        return file

    def find(self, file_id: str) -> File | None:
        """Look a file up by its id."""
        return self._by_id.get(file_id)

    def at(self, path: str) -> File | None:
        """Look a file up by its download path."""
        return self._by_path.get(path)

    def _forget(self, file_id: str, path: str) -> None:
        del self._by_id[file_id], self._by_path[path]


def mime_of(name: str | None) -> str:
    """Guess a type from a file's name, as Telegram does when its sender states none."""
    return (_TYPES.guess_type(name)[0] if name else None) or "application/octet-stream"
