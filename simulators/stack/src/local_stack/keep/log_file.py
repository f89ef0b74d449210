"""The lines of all parts in a file, as JSON, one line an event; older files have a number and go in the end."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from local_stack.processes.log_record import record_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_BYTES = 20_000_000
OLDER_FILES = 5


class LogFile:
    """A file that starts anew when it has become large.

    Args:
        path: The newest file.
        on_failure: Told once, in words, when lines cannot be written; the parts go on.
    """

    def __init__(self, path: Path, *, on_failure: Callable[[str], None]) -> None:
        self._path, self._on_failure = path, on_failure
        self._handler = _Handler(path, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, encoding="utf-8", delay=True)
        self._failing = False

    def line(self, name: str, line: str) -> None:
        """Write a line of a part; of a service's own JSON nothing is lost."""
        record = record_of(line) or {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": line}
        text = json.dumps({"part": name, **record}, ensure_ascii=False)
        error = self._handler.written(text)
        if error is not None and not self._failing:
            self._on_failure(f"Lines are lost: {self._path} cannot be written ({error}).")
        self._failing = error is not None

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


class _Handler(RotatingFileHandler):
    """Keeps the error that a write ends with, in place of printing it."""

    error: BaseException | None = None

    def written(self, text: str) -> BaseException | None:
        self.error = None
        self.emit(logging.makeLogRecord({"msg": text}))
        return self.error

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 - logging's own name
        self.error = sys.exception()
