"""ComfyUI's input and output folders, where this process reaches them: it writes, reads and deletes pictures there."""

from __future__ import annotations

import asyncio
import errno
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFolders:
    """ComfyUI's own folders, as this process sees them: in one pod, the same volumes mounted in both containers."""

    input: Path
    output: Path

    def write(self, folder: str, pictures: Mapping[str, bytes]) -> tuple[str, ...]:
        """Put pictures into a folder `job/…` of the input, by their names; returns them as LoadImage takes them.

        Raises:
            OSError: that cannot be done.
        """
        path = self.input / folder
        path.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            (path / name).write_bytes(picture)
        return tuple(f"{folder}/{name}" for name in pictures)

    def read(self, name: str, *, limit: int) -> bytes:
        """Read a file of up to `limit` bytes from the output.

        Raises:
            OSError: it cannot be read, is larger, or does not lie there.
            ValueError: it is no file's name.
        """
        path = (self.output / name).resolve()
        if not path.is_relative_to(self.output.resolve()):
            raise PermissionError(f"{name!r} is not in {self.output}")
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError(errno.ENOENT, "no file", name)
        with path.open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"more than {limit} bytes", name)
        return data

    async def remove(self, folder: str) -> None:
        """Delete a folder `job/…` with its pictures, and the job's once it is empty. Failing to is logged."""
        await asyncio.to_thread(self._remove, folder)

    def _remove(self, folder: str) -> None:
        for root in (self.input, self.output):
            path = root / folder
            try:
                shutil.rmtree(path)
                path.parent.rmdir()
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:  # another folder of the job's is in use
                    log.warning("comfyui.files_left", folder=str(path), error=str(error))
