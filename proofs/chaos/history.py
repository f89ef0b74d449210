"""What happened to each job, read from Redis' append-only file: every write that ever took effect, in order.

Scripts stand there by their effects, so a second end of a job shows even where the bot has told nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwenedit_jobs import Keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

KEYS = Keys()
ENDS = ("done", "failed", "cancelled")
SHOWN = 120
"""Characters of an argument that are shown."""
_TIME = re.compile(rb"#TS:(\d+)")


@dataclass
class Past:
    """One job's."""

    accepted: int = 0
    """How often it was put in line as a new job."""
    attempts: int = 0
    """The number of its latest attempt."""
    claims: int = 0
    ends: list[str] = field(default_factory=list)
    """Each final state that was published for it."""
    reason: str = ""
    answered: bool = False


class History:
    """All jobs'. Redis must not have rewritten its file.

    Args:
        folder: Redis' data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.jobs: dict[str, Past] = {}
        self.commands: Counter[str] = Counter()
        self._kept: dict[str, list[str]] = {}
        for _time, command in self._read():
            self._note(command)

    def keep(self, job_ids: Iterable[str]) -> None:
        """Read every write that was about these jobs, for `of`; the file may be gone then."""
        self._kept = {job_id: [] for job_id in job_ids}
        for second, command in self._read() if self._kept else ():
            whole = b" ".join(command)
            for job_id, lines in self._kept.items():
                if job_id.encode() in whole:
                    lines.append(f"{second}  {' '.join(_shown(part) for part in command)}")

    def of(self, job_id: str) -> list[str]:
        """Return every write that was about a job, one a line, with the second in which it took effect."""
        return self._kept.get(job_id, [])

    def _read(self) -> Iterator[tuple[int, list[bytes]]]:
        second = 0
        for path in sorted(self._folder.glob("appendonlydir/*.incr.aof")):
            data = path.read_bytes()
            at = 0
            while at < len(data):
                end = data.index(b"\r\n", at)
                if data[at : at + 1] == b"#":
                    if found := _TIME.match(data, at):
                        second = int(found[1])
                    at = end + 2
                    continue
                parts = []
                count, at = int(data[at + 1 : end]), end + 2
                for _ in range(count):
                    end = data.index(b"\r\n", at)
                    length, at = int(data[at + 1 : end]), end + 2
                    parts.append(data[at : at + length])
                    at += length + 2
                yield second, parts

    def _note(self, command: list[bytes]) -> None:
        name, key, *rest = [*command, b""]
        self.commands[name.decode().upper()] += 1
        where = key.decode(errors="replace")
        if where.startswith(KEYS.job_prefix):
            self._note_of(self.jobs.setdefault(where.removeprefix(KEYS.job_prefix), Past()), name.upper(), rest)
        elif name.upper() == b"XADD" and where == KEYS.events:
            fields = dict(zip(command[-4::2], command[-3::2], strict=True))
            state = fields[b"state"].decode()
            if state in ENDS:
                self.jobs.setdefault(fields[b"id"].decode(), Past()).ends.append(state)

    @staticmethod
    def _note_of(past: Past, name: bytes, rest: list[bytes]) -> None:
        if name == b"HINCRBY" and rest[0] == b"attempt":
            past.attempts += int(rest[1])
        elif name == b"HSET":
            fields = dict(zip(rest[::2], rest[1::2], strict=False))
            past.accepted += {b"payload", b"enqueued_at"} <= fields.keys()
            past.claims += b"claimed_by" in fields
            past.answered = past.answered or b"answered_at" in fields
            past.attempts = int(fields.get(b"attempt", past.attempts))
            past.reason = fields.get(b"reason", past.reason.encode()).decode()


def _shown(part: bytes) -> str:
    text = part.decode(errors="replace")
    return text if len(text) <= SHOWN and text.isprintable() else f"<{len(part)} bytes>"
