"""A last look at a result before it is handed in."""

from __future__ import annotations

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"IEND\xaeB`\x82"
SMALLEST = 67
"""Bytes of the smallest PNG there is."""


def whole_png(data: bytes) -> bool:
    """Whether the bytes begin and end as a PNG does: neither an error page nor cut off on the way."""
    return len(data) >= SMALLEST and data.startswith(SIGNATURE) and data[12:16] == b"IHDR" and data.endswith(END)
