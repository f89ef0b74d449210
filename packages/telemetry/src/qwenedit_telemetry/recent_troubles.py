"""What this process warned of lately, in its own words: its heartbeat carries that to `qwenedit status`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UNTOLD = {"time", "level", "event", "service", "logger", "trace_id", "span_id", "next_in", "exc_info", "frames", "job"}
"""Among them the job: the words get into Redis, where `/forget` leaves none of a user's."""

_troubles: dict[str, dict[str, Any]] = {}


def note(event: Mapping[str, Any], redact: Callable[[str], str]) -> None:
    """Remember a line of the log if it's a warning or an error.

    Args:
        event: The line's fields.
        redact: Removes secrets and users' words.
    """
    if event.get("level") not in ("warning", "error", "critical"):
        return
    told = ((name, value) for name, value in event.items() if name not in _UNTOLD and not name.startswith("_"))
    words = redact(" ".join(f"{name}={' '.join(str(value).split())}" for name, value in told))
    words = words.encode("ascii", "backslashreplace").decode()  # which JSON makes no longer
    if len(words) > 500:
        words = f"{words[:250]}…{words[-249:]}"
    name, now = redact(str(event["event"]))[:125], time.time()
    before = _troubles.pop(name, None)
    if before is None or now - before["at"] > 5 * 60:
        before = {"event": name, "since": now, "count": 0}
    _troubles[name] = {**before, "words": words, "at": now, "count": before["count"] + 1}
    while len(_troubles) > 6:
        del _troubles[next(iter(_troubles))]


def troubles() -> list[dict[str, Any]]:
    """Return what was warned of, the newest last: `event`, `words`, `since` and `at` (since the epoch), `count`."""
    return list(_troubles.values())
