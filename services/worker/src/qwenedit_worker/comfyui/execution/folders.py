"""Deletes pictures from ComfyUI's folders, where the worker can reach them: no endpoint of ComfyUI does."""

from __future__ import annotations

import asyncio
import errno
import os
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
        """Delete a folder `job/attempt` with its pictures, and the job's folder once it's empty. Failing is logged."""
        for root in (self.input, self.output):
            await asyncio.to_thread(_remove, root, folder)


def _remove(root: Path, folder: str) -> None:
    job, _slash, attempt = folder.partition("/")
    try:
        # ComfyUI's custom nodes write here: a symbolic link in place of a folder leads to files that aren't the job's.
        opened = os.open(root / job, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            shutil.rmtree(attempt, dir_fd=opened)
        finally:
            os.close(opened)
        (root / job).rmdir()
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:  # another attempt's folder is in use
            log.warning("comfyui.files_not_deleted", folder=str(root / folder), error=str(error))
