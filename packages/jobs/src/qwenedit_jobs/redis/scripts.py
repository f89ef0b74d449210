"""Lua scripts in Redis, called by name with named arguments."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

from qwenedit_jobs import durations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

SHARED = "transitions"
"""The file with what a folder's scripts share."""
CLOCK = Path(__file__).parent / "lua" / "clock.lua"
BYTES = "ARGV[2]"
"""Where a script finds the bytes that may follow its arguments."""
NEVER_REFUSED = " flags=allow-oom"
_SHEBANG, _KEYS, _DURATIONS = "#!", "-- KEYS: ", "-- DURATIONS: "


class Scripts:
    """A folder's scripts, each behind `clock.lua` and what they share, `transitions.lua`.

    Comments at the top name the keys, and prefixes of keys, that a script touches, and the durations that it knows:
    `-- KEYS: leases job_prefix`, `-- DURATIONS: ANSWERED_JOB`. It has them as constants in capitals, which are written
    into it: keys that go along with each call take longer to pack than all the rest. Durations are those of
    `durations.py`, in seconds. Redis checks a user's rights at each command of a script. Its arguments are one JSON
    object, `args`, and bytes that may follow it.

    Args:
        redis: Where they run.
        folder: Has a file for each.
        key: Returns the Redis key that has a name.
        shared: The folder whose `transitions.lua` they share, if it isn't their own.
    """

    def __init__(self, redis: Redis, folder: Path, key: Callable[[str], str], *, shared: Path | None = None) -> None:
        own = (shared or folder) / f"{SHARED}.lua"
        before = CLOCK.read_text() + (own.read_text() if own.exists() else "local args = cjson.decode(ARGV[1])\n")
        self._redis = redis
        self._scripts: dict[tuple[str, bool], tuple[str, str]] = {}
        for file in folder.glob("*.lua"):
            if file.stem != SHARED:
                script = _joined(before, file.read_text(), key)
                self._scripts[file.stem, False] = _hash(script), script
                if BYTES in script:
                    refused = script.replace(NEVER_REFUSED, "", 1)
                    self._scripts[file.stem, True] = _hash(refused), refused

    async def run(self, name: str, /, **arguments: object) -> Any:
        """Run one; arguments that are None are left out.

        Raises:
            ResponseError: the script, or Redis, refuses.
        """
        return await self.run_by(self._redis, {}, name, **arguments)

    async def run_by(
        self, redis: Redis, options: dict[str, bool], name: str, /, *data: bytes, **arguments: object
    ) -> Any:
        """Run one by another client.

        Args:
            redis: The client.
            options: Of `execute_command`.
            name: Which.
            data: Bytes that follow its arguments, at most once. A full Redis refuses a script that is given some.
            arguments: Its own.
        """
        command = self.call(name, *data, **arguments)
        try:
            return await redis.execute_command(*command, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        except NoScriptError:
            await redis.script_load(self._scripts[name, bool(data)][1])
            return await redis.execute_command(*command, **options)  # type: ignore[no-untyped-call]

    def call(self, name: str, /, *data: bytes, **arguments: object) -> tuple[str | int | bytes, ...]:
        """Return the same as a command for a pipeline, which raises an error if Redis lacks the script."""
        return "EVALSHA", self._scripts[name, bool(data)][0], 0, _packed(arguments), *data


def named(reply: Sequence[Any]) -> dict[str, Any]:
    """Read what a script returns by names: each name is followed by its value."""
    names = (name if isinstance(name, str) else name.decode() for name in reply[::2])
    return dict(zip(names, reply[1::2], strict=True))


def _hash(script: str) -> str:
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _joined(before: str, script: str, key: Callable[[str], str]) -> str:
    lines = script.splitlines()

    def named(kind: str) -> list[str]:
        found = [line for line in (*before.splitlines(), *lines) if line.startswith(kind)]
        return [name for line in found for name in line.removeprefix(kind).split()]

    constants = "".join(f"local {name.upper()} = {_quoted(key(name))}\n" for name in named(_KEYS))
    constants += "".join(f"local {name} = {getattr(durations, name)}\n" for name in named(_DURATIONS))
    flags = f"{lines.pop(0)}\n" if lines[0].startswith(_SHEBANG) else ""
    return "".join((flags, constants, before, "\n".join(lines), "\n"))


def _quoted(text: str) -> str:
    """Write a text as Lua does, whatever is in it."""
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


def _packed(arguments: dict[str, object]) -> bytes:
    packed = json.dumps({name: each for name, each in arguments.items() if each is not None}, ensure_ascii=False)
    return packed.encode(errors="replace")  # half a surrogate pair, as in a name of a file, is nothing that cjson reads
