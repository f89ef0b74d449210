"""Stands for `valkey-cli`, which is in the chart's image and not on every machine: its `ping`, and its `--rdb FILE`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from local_stack.processes.errors import StackError
from local_stack.run.backup import fetch

TIMEOUT = 5.0
"""Seconds: the probe's own."""


def main(port: int, *arguments: str) -> str:
    """Do what the last argument says, as the user that the others name; returns what the client prints."""
    user = arguments[arguments.index("--user") + 1]
    given = "--pass" in arguments
    password = arguments[arguments.index("--pass") + 1] if given else os.environ["REDISCLI_AUTH"]
    if arguments[-1] == "ping":
        client = Redis(port=port, username=user, password=password, socket_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0))
        try:
            return "PONG" if client.ping() else ""
        except RedisError as error:
            return f"{type(error).__name__}: {error}"
    try:
        asyncio.run(fetch(port, Path(arguments[-1]), user=user, password=password))
    except (OSError, StackError) as error:
        sys.exit(str(error))
    return ""


if __name__ == "__main__":
    sys.stdout.write(f"{main(int(sys.argv[1]), *sys.argv[2:])}\n")
