"""Lua scripts in Redis, each called by its digest, and sent along once where Redis does not know it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError, ReadOnlyError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from redis.asyncio import Redis

Command: TypeAlias = "Sequence[str | bytes | float]"
"""Of Redis, with its arguments."""
_INCLUDE = "-- include: "


@cache
def scripts_in(folder: Path) -> dict[str, str]:
    """Return the text of each script, by its file's name, with all that it includes before it.

    The folder has a folder for each caller, and others for includes. A script names in its first line what it needs:
    `-- include: finish clock_jumps`. These are other files' names, in whichever folder they lie; an include may name
    others. Each stands in the text once, and no more than is needed does: Redis runs all of it in each call.
    """
    texts = {
        file.name.removesuffix(".lua"): file.read_text() for caller in folder.iterdir() for file in caller.iterdir()
    }
    return {name: "".join(texts[each] for each in dict.fromkeys(_needed(name, texts))) for name in texts}


def _needed(name: str, texts: Mapping[str, str]) -> Iterator[str]:
    first_line = texts[name].partition("\n")[0]
    if first_line.startswith(_INCLUDE):
        for included in first_line.removeprefix(_INCLUDE).split():
            yield from _needed(included, texts)
    yield name


class Scripts:
    """Runs Lua scripts by their digest, with undecoded replies or behind other commands where that is asked for.

    Args:
        redis: Where they run.
        folder: Has their files; see `scripts_in`.
    """

    def __init__(self, redis: Redis, folder: Path) -> None:
        self._redis = redis
        self._texts = scripts_in(folder)
        self._digests = {
            name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in self._texts.items()
        }

    async def run(
        self, name: str, keys: Sequence[str], arguments: Command, *, raw: bool = False, before: Sequence[Command] = ()
    ) -> Any:
        """Run one.

        Args:
            name: Which.
            keys: That it may touch.
            arguments: Its own.
            raw: Leave the reply's strings as bytes.
            before: Are carried out before it, in the same round trip, and whatever comes of them the script runs.

        Returns:
            What the script does; with `before` a pair: what became of those, and what the script does. What became of
            them is their first refusal, or the last one's reply.

        Raises:
            ResponseError: the script, or Redis, refuses.
        """
        call = ("EVALSHA", self._digests[name], len(keys), *keys, *arguments)
        try:
            return await self._send(call, raw=raw, before=before)
        except NoScriptError:
            await self._redis.script_load(self._texts[name])
            return await self._send(call, raw=raw, before=before)

    async def _send(self, call: Command, *, raw: bool, before: Sequence[Command]) -> Any:
        if before:
            return await self._send_all(before, call, raw=raw)
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
                except ReadOnlyError:
                    raise  # a demoted master: the connection goes
                except ResponseError as refusal:
                    refusals.append(refusal)
            told = refusals[0] if refusals else reply
            return told, await connection.read_response(disable_decoding=raw)

        try:
            return await connection.retry.call_with_retry(together, lambda _error: connection.disconnect())
        finally:
            await pool.release(connection)
