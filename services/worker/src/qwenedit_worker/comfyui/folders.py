"""ComfyUI has no endpoint that deletes files: where its folders can be reached, they are cleaned here."""

from __future__ import annotations

import asyncio
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

    async def remove(self, job_id: str, attempt: int) -> None:
        """Delete an attempt's pictures, and the job's folder once it is empty. Failing to is logged, not raised."""
        await asyncio.to_thread(self._remove, job_id, attempt)

    def _remove(self, job_id: str, attempt: int) -> None:
        for root in (self.input, self.output):
            job = root / job_id
            try:
                shutil.rmtree(job / str(attempt))
                if not any(job.iterdir()):
                    job.rmdir()
            except FileNotFoundError:
                continue
            except OSError as error:
                log.warning("comfyui.files_left", folder=str(job), error=str(error))
