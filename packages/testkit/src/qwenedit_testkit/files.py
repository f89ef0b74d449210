"""Files that other processes write and remove."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def files_below(*folders: Path) -> Iterator[Path]:
    """Yield all files in folders; to `rglob`, a folder that is removed meanwhile is an error."""
    for folder in folders:
        for place, _folders, names in os.walk(folder):
            yield from (Path(place, name) for name in names)
