"""`make backup DATA=… TO=…`: all that a stopped run keeps in Redis, as one file in Redis' own format."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.keep.folder import opened, published
from local_stack.processes.errors import StackError
from local_stack.processes.ports import HOST
from local_stack.run import command_line
from local_stack.run.durable import REDIS_SECONDS, redis_of
from local_stack.run.settings import StackSettings

if TYPE_CHECKING:
    from local_stack.keep.folder import DataFolder

CHUNK = 1 << 20
MARKED = b"$EOF:"
"""Stands before the mark that ends a snapshot."""
READ_BY = "8.1.0"
"""The chart's Valkey: a newer one writes what it can read."""


def main() -> None:
    """Write the file; DATA and TO in the environment or in `.env` name the run's folder and the file."""
    command_line.parse_arguments([])
    try:
        data, to = StackSettings.from_environment(os.environ).data, os.environ.get("TO")
        if data is None or not to:
            raise SystemExit("qwenedit: DATA and TO name folder and file: `make backup DATA=FOLDER TO=FILE`")
        published(data)  # else a folder that is none would become one
        os.umask(0o077)
        with opened(data) as folder:
            asyncio.run(back_up(folder, Path(to).expanduser()))
    except (StackError, OSError) as error:
        raise SystemExit(f"qwenedit: {error}") from None


async def back_up(folder: DataFolder, file: Path) -> None:
    """Write a backup of a folder that no run uses; the file is there when it is complete.

    Raises:
        StackError: Redis did not start, or did not send all of it.
    """
    redis = redis_of(folder, "--repl-diskless-sync-delay", "0")
    part = file.with_name(f"{file.name}.part")
    await redis.start()
    try:
        await fetch(redis.port, part, password=folder.secret("redis"))
    finally:
        await redis.stop(timeout=REDIS_SECONDS)
    part.replace(file)


async def fetch(port: int, file: Path, *, user: str = "default", password: str) -> None:
    """Have Redis send a snapshot, as a replica does.

    Raises:
        StackError: it did not send all of it.
    """
    reader, writer = await asyncio.open_connection(HOST, port)

    async def ask(*words: str) -> str:
        writer.write(f"*{len(words)}\r\n".encode())
        writer.write("".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words).encode())
        while (line := await reader.readline()).isspace():  # a sign of life
            pass
        if not line.startswith((b"+", MARKED)):
            raise StackError(f"Redis sends no snapshot: {line.decode(errors='replace').strip()}")
        return line.decode().strip()

    try:
        await ask("AUTH", user, password)
        await ask("REPLCONF", "capa", "eof", "rdb-only", "1", "version", READ_BY)
        mark = (await ask("SYNC")).encode().removeprefix(MARKED)
        tail = b""
        with file.open("wb") as out:
            while tail != mark:
                chunk = await reader.read(CHUNK)
                if not chunk:
                    raise StackError("Redis ended within the snapshot")
                out.write(chunk)
                tail = (tail + chunk)[-len(mark) :]
            out.truncate(out.tell() - len(mark))
    finally:
        writer.close()


if __name__ == "__main__":
    main()
