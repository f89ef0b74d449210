"""`qwenedit`: what an operator asks an installation, from inside the bot's or the worker's image."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from qwenedit_jobs.connection import connect
from qwenedit_jobs.errors import QueueError
from qwenedit_jobs.pictures import RedisPictureStore
from qwenedit_jobs.queue import JobQueue
from qwenedit_jobs.selftest import SelfTestError, selftest
from qwenedit_jobs.settings import RedisSettings, load

if TYPE_CHECKING:
    from redis.asyncio import Redis

SELFTEST_PICTURE_TTL = 3600
"""Seconds; the test deletes its pictures itself unless it is killed."""
PATIENCE = 15.0
"""Seconds in which a new pod's way to Redis opens: network policies learn of a pod some seconds after its start."""


def main() -> None:
    """Run one command; exit code 1 says that its answer is bad news, 2 that it could not be asked."""
    arguments = _parser().parse_args()
    settings = load(RedisSettings)
    try:
        code = asyncio.run(_COMMANDS[arguments.command](settings, arguments))
    except (RedisError, OSError) as error:
        print(f"qwenedit: Redis at {_place(settings)} does not answer: {error}", file=sys.stderr)
        code = 2
    raise SystemExit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="qwenedit", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="how many jobs are where")
    test = commands.add_parser("selftest", help="send one job through queue, worker and ComfyUI")
    test.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="how long to wait for its picture"
    )
    return parser


async def _status(settings: RedisSettings, _arguments: argparse.Namespace) -> int:
    async with connect(settings) as redis:
        counts = await JobQueue(redis, settings.keys).counts()
    for name, count in asdict(counts).items():
        print(f"{name:<9}{count:>7}")
    return 0


async def _selftest(settings: RedisSettings, arguments: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(connect(settings))
        raw = await stack.enter_async_context(connect(settings, decode=False))
        await _reach(redis)
        pictures = RedisPictureStore(raw, settings.keys, ttl=SELFTEST_PICTURE_TTL)
        try:
            outcome = await selftest(
                JobQueue(redis, settings.keys),
                pictures,
                timeout=arguments.timeout,
                report=lambda line: print(line, flush=True),
            )
        except (SelfTestError, QueueError) as error:
            print(f"qwenedit: {error}", file=sys.stderr)
            return 1
    print(f"a picture of {outcome.size} bytes after {outcome.seconds:.1f} s, attempt {outcome.attempt}")
    return 0


async def _reach(redis: Redis) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await redis.ping()
        except (RedisConnectionError, RedisTimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        else:
            return


def _place(settings: RedisSettings) -> str:
    return settings.redis_url.rpartition("@")[2].removeprefix("redis://").removeprefix("rediss://")


_COMMANDS = {"status": _status, "selftest": _selftest}
