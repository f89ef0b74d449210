"""`make cli DATA=…`: the command line `qwenedit` on the Redis of a durable run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local_stack.keep.folder import published
from local_stack.processes.errors import StackError
from local_stack.run import command_line
from local_stack.run.settings import StackSettings


def main() -> None:
    """Become the command line; DATA in the environment or in `.env` names the run's folder."""
    command_line.parse_arguments([])
    try:
        folder = StackSettings.from_environment(os.environ).data
        settings = published(folder) if folder is not None else None
    except StackError as error:
        raise SystemExit(f"qwenedit: {error}") from None
    if settings is None:
        raise SystemExit("qwenedit: DATA is not set: `make cli DATA=FOLDER ARGS=status`")
    program = str(Path(sys.executable).with_name("qwenedit"))
    os.execve(program, (program, *sys.argv[1:]), {**os.environ, **settings})  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
