"""Why Redis refused a command, in words that name what has to be put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.errors import StorageFullError, WrongTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis
    from redis.exceptions import ResponseError

# Looked for anywhere in the text: Redis before 7 wraps the errors of a script's commands into one of the script.
_FULL = "command not allowed when used memory > 'maxmemory'"
_WRONG_KIND = "WRONGTYPE"


def is_wrong_kind(error: Exception) -> bool:
    """Whether a command met a key of another type than it is for."""
    return _WRONG_KIND in str(error)


async def explained(error: ResponseError, redis: Redis, kinds: Mapping[str, str]) -> ResponseError:
    """Find the cause of a refusal.

    Args:
        error: What Redis said.
        redis: Where.
        kinds: The Redis type that each key concerned should have.

    Returns:
        A `StorageFullError`, a `WrongTypeError`, or the error as it was.

    Raises:
        RedisError: Redis could not be asked.
    """
    if _FULL in str(error):
        return StorageFullError()
    if is_wrong_kind(error):
        for key, expected in kinds.items():
            found = await redis.type(key)
            if found not in {expected, "none"}:
                return WrongTypeError(key, found=str(found), expected=expected)
    return error
