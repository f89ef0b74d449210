"""Reads the lines that services log: JSON, one line an event."""

from __future__ import annotations

import json
from typing import Any


def record_of(line: str) -> dict[str, Any] | None:
    """Read a line of a service's log; None where it is something else."""
    if not line.startswith("{"):
        return None
    try:
        record: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return record if "event" in record else None
