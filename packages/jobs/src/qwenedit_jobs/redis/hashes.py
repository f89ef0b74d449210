"""Reads hashes that others may write, none of which may be larger than what a reader can take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

MOST_BYTES = 262_144
"""Of one hash in Redis' memory, several times what the largest job takes."""
MOST_OF_ALL = 16_777_216
"""Bytes of all hashes that are read at once: a thousand jobs take 8 MB at most."""
SCRIPT = (Path(__file__).parent / "lua" / "hashes.lua").read_text()


async def read_hashes(redis: Redis, keys: Sequence[str]) -> list[dict[str, str] | str]:
    """Return the fields of each hash; for one that is too large, or of another type, why it isn't read.

    Args:
        redis: A client that decodes replies.
        keys: Some hundred at most.
    """
    if not keys:
        return []
    found = await redis.register_script(SCRIPT)(keys=keys, args=[MOST_BYTES, MOST_OF_ALL])
    return [each if isinstance(each, str) else dict(zip(each[::2], each[1::2], strict=True)) for each in found]
