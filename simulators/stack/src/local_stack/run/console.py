"""The logs of all parts as one stream to read: each line after its part's name, services' JSON as text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TextIO

from local_stack.processes.log_record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterable

COLOURS = ("36", "35", "33", "32", "34", "96", "95", "93")
"""SGR codes; a part keeps its own."""
LEVEL_COLOURS = {"warning": "33", "error": "31", "critical": "31"}
HIDDEN = ("time", "level", "event", "service", "logger", "exception")
"""Fields that are not shown as `name=value`."""
CLOCK = slice(11, 23)
"""The time of day, to the millisecond, in an ISO 8601 time stamp."""

_PLAIN_WORD = re.compile(r"[^\s\"'=]+")


class Console:
    """Writes lines of parts to a stream, in colour where it is a terminal.

    Args:
        stream: Where to.
        names: The parts; the longest decides how far all lines are indented.
        colour: Whether to colour; by default where the stream is a terminal.
    """

    def __init__(self, stream: TextIO, names: Iterable[str], *, colour: bool | None = None) -> None:
        self._stream = stream
        names = tuple(names)
        self._width = max(map(len, names), default=0)
        self._colour = stream.isatty() if colour is None else colour
        self._colours = {name: COLOURS[position % len(COLOURS)] for position, name in enumerate(names)}

    def line(self, name: str, line: str) -> None:
        """Show one line of a part."""
        prefix = self._paint(f"{name:<{self._width}} │", self._colours.get(name, COLOURS[0]))
        for text in self._readable(name, line):
            self._write(f"{prefix} {text}")

    def say(self, text: str) -> None:
        """Show a line of the stack's own."""
        self._write(text)

    def _readable(self, name: str, line: str) -> list[str]:
        record = record_of(line)
        if record is None:
            return [line]
        level = str(record.get("level", ""))
        # A worker says its name in each line; the prefix says it already.
        shown = ((key, value) for key, value in record.items() if key not in HIDDEN and value not in (None, name))
        fields = " ".join(f"{key}={_value(value)}" for key, value in shown)
        head = f"{str(record.get('time', ''))[CLOCK]} {level:<8}"
        text = f"{self._paint(head, LEVEL_COLOURS.get(level))} {record['event']} {self._paint(fields, '2')}".rstrip()
        return [text, *str(record.get("exception", "")).splitlines()]

    def _paint(self, text: str, code: str | None) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code and text else text

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if _PLAIN_WORD.fullmatch(text) else json.dumps(text)
