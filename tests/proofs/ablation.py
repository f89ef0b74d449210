"""The product's Lua scripts without their check of the token: for the test that the oracle can fail."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from qwenedit_jobs.queue import queue_view

if TYPE_CHECKING:
    from pathlib import Path

CHECK = "return job.state == 'running' and job.token == args.token"


def without_token_check(folder: Path) -> Path:
    """Copy the scripts into a folder, and let everybody who names a job have the right to it.

    Raises:
        ValueError: the check is not where it was.
    """
    shutil.copytree(str(queue_view.SCRIPTS), folder, dirs_exist_ok=True)
    prelude = folder / "prelude.lua"
    text = prelude.read_text()
    if text.count(CHECK) != 1:
        raise ValueError(f"{CHECK!r} is not in prelude.lua exactly once")
    prelude.write_text(text.replace(CHECK, "return job.state ~= nil"))
    return folder
