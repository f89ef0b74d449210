"""The bytes of all files, on disk; the oldest are forgotten when they are too many.

In memory they would be most of what the simulator grows by, a few hundred megabytes in ten thousand pictures.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Storage:
    """Keeps bytes in a folder.

    Args:
        folder: Where; nothing else may be in it.
        limit: Bytes in all; what was added last is kept even if it is larger.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._kept: OrderedDict[Path, Callable[[], None]] = OrderedDict()
        self._size = 0
        self._numbers = itertools.count()

    def add(self, data: bytes, *, forgotten: Callable[[], None]) -> Path:
        """Keep bytes, and forget the oldest if there is no room for all.

        Args:
            data: The bytes.
            forgotten: Called when these bytes are gone.
        """
        while self._kept and self._size + len(data) > self._limit:
            oldest, tell = self._kept.popitem(last=False)
            self._size -= oldest.stat().st_size
            oldest.unlink()
            tell()
        path = self._folder / str(next(self._numbers))
        path.write_bytes(data)
        self._kept[path] = forgotten
        self._size += len(data)
        return path


@contextmanager
def temporary_storage(*, limit: int) -> Iterator[Storage]:
    """Keep bytes while the context is open, in a temporary folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="telegram-simulator-") as folder:
        yield Storage(Path(folder), limit=limit)
