"""Lua scripts in Redis, each called by its digest, and sent along once where Redis does not know it."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias

from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.resources.abc import Traversable

    from redis.asyncio import Redis

Command: TypeAlias = "Sequence[str | bytes | float]"
"""Of Redis, with its arguments."""
FOLDER = files("qwenedit_jobs.queue") / "lua"
_LINE = ("prelude", "line")
_ENDINGS = (*_LINE, "pictures", "endings")
_AGAIN = (*_ENDINGS, "again", "clock")
BEFORE = {
    "enqueue": (*_LINE, "stored", "clock"),
    "claim": (*_AGAIN, "lost", "due", "aside"),
    "renew": ("prelude", "clock"),
    "complete": (*_ENDINGS, "stored"),
    "expire": (*_ENDINGS, "clock"),
    "reap": (*_AGAIN, "lost", "due"),
    "promote": (*_AGAIN, "lost", "due"),
    "requeue": (*_AGAIN, "lost"),
    "pause": (*_LINE, "aside"),
    "reserve": ("prelude", "pictures", "memory", "stored"),
    "room": ("prelude", "pictures", "memory"),
    **dict.fromkeys(("progress", "readdress"), ("prelude",)),
    **dict.fromkeys(("drain", "resume", "counts", "unfinished", "window", "places"), _LINE),
    **dict.fromkeys(("answered", "forget"), ("prelude", "pictures")),
    **dict.fromkeys(("drop", "erase"), (*_LINE, "pictures")),
    **dict.fromkeys(("fail", "cancel"), _ENDINGS),
    **dict.fromkeys(("retry", "release", "abandon", "defer"), _AGAIN),
}
"""What stands before each script that knows jobs: no more than it needs, for Redis runs all of it in each call."""


def read(folder: Traversable, name: str) -> str:
    """Return the text of the file of that name in one of the folder's own folders: a name is in one of them only.

    Raises:
        FileNotFoundError: none of them has it.
    """
    for caller in folder.iterdir():
        if (file := caller / f"{name}.lua").is_file():
            return file.read_text()
    raise FileNotFoundError(f"{name}.lua")


def parts_of(script: str) -> tuple[str, ...]:
    """Name the files of which a script that knows jobs is made."""
    return (*BEFORE[script], script)


class Scripts:
    """What redis-py's own scripts do, with undecoded replies and company.

    Args:
        redis: Where they run.
        folder: Has their files, in a folder for each caller; see `read`.
        parts: Of which files, one after the other, each script is made.
    """

    def __init__(self, redis: Redis, folder: Traversable, parts: Mapping[str, Sequence[str]]) -> None:
        self._redis = redis
        self._texts = {name: "".join(read(folder, part) for part in files) for name, files in parts.items()}
        self._digests = {
            name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in self._texts.items()
        }

    async def run(
        self, name: str, keys: Sequence[str], arguments: Command, *, raw: bool = False, behind: Sequence[Command] = ()
    ) -> Any:
        """Run one.

        Args:
            name: Which.
            keys: That it may touch.
            arguments: Its own.
            raw: Leave the reply's strings as bytes.
            behind: Are carried out before it, in the same round trip, and whatever comes of them the script runs.

        Returns:
            What the script does; with `behind` a pair: what became of those, and what the script does. What became of
            them is their first refusal, or the last one's reply.

        Raises:
            ResponseError: the script, or Redis, refuses.
        """
        call = ("EVALSHA", self._digests[name], len(keys), *keys, *arguments)
        try:
            return await self._send(call, raw=raw, behind=behind)
        except NoScriptError:
            await self._redis.script_load(self._texts[name])
            return await self._send(call, raw=raw, behind=behind)

    async def _send(self, call: Command, *, raw: bool, behind: Sequence[Command]) -> Any:
        if behind:
            return await self._send_all(behind, call, raw=raw)
        options = {NEVER_DECODE: True} if raw else {}
        return await self._redis.execute_command(*call, **options)  # type: ignore[no-untyped-call]  # redis-py leaves it untyped

    async def _send_all(self, before: Sequence[Command], call: Command, *, raw: bool) -> Any:
        """Do as redis-py's pipelines do, which take an idle process 0.1 ms longer from the replies to their use."""
        pool = self._redis.connection_pool
        connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped

        async def together() -> tuple[Any, Any]:
            await connection.send_packed_command(connection.pack_commands([*before, call]))
            reply: Any = None
            refusals: list[ResponseError] = []
            for _command in before:
                try:
                    reply = await connection.read_response()
                except ResponseError as refusal:
                    refusals.append(refusal)
            told = refusals[0] if refusals else reply
            return told, await connection.read_response(disable_decoding=raw)

        try:
            return await connection.retry.call_with_retry(together, lambda _error: connection.disconnect())
        finally:
            await pool.release(connection)
