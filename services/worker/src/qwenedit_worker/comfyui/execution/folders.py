"""Deletes pictures from ComfyUI's folders, where the worker can reach them: no endpoint of ComfyUI does."""

from __future__ import annotations

import asyncio
import errno
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFolders:
    """ComfyUI's own folders, as this process sees them: in one pod, the same volumes mounted in both containers."""

    input: Path
    output: Path

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
                    log.warning("comfyui.files_not_deleted", folder=str(path), error=str(error))
