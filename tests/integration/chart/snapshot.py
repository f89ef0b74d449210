"""Stands for `valkey-cli`, which is in the chart's image and not on every machine: its `ping` and its `--rdb FILE`."""

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


def main(port: int, last: str) -> None:
    """Do it as the user of backups."""
    password = os.environ["REDISCLI_AUTH"]
    try:
        if last == "ping":
            client = Redis(port=port, username="backup", password=password, retry=Retry(NoBackoff(), 0))
            sys.stdout.write("PONG" if client.ping() else "")
        else:
            asyncio.run(fetch(port, Path(last), user="backup", password=password))
    except (OSError, RedisError, StackError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[-1])
