"""Stands for `valkey-cli … ping`, which is in the chart's image and not on every machine."""

from __future__ import annotations

import sys

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 5.0
"""Seconds: the probe's own."""


def main(port: str, *arguments: str) -> str:
    """Ask as a user and say what came of it, as the client does."""
    user, password = (arguments[arguments.index(name) + 1] for name in ("--user", "--pass"))
    client = Redis(
        port=int(port), username=user, password=password, socket_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )
    try:
        return "PONG" if client.ping() else ""
    except RedisError as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.stdout.write(f"{main(*sys.argv[1:])}\n")
