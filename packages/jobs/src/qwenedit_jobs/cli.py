"""`qwenedit`: what an operator asks an installation, from inside the bot's or the worker's image."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict

from redis.exceptions import RedisError

from qwenedit_jobs.connection import connect
from qwenedit_jobs.errors import QueueError
from qwenedit_jobs.pictures import RedisPictureStore
from qwenedit_jobs.queue import JobQueue
from qwenedit_jobs.selftest import SelfTestError, selftest
from qwenedit_jobs.settings import RedisSettings, load

SELFTEST_PICTURE_TTL = 3600
"""Seconds; the test deletes its pictures itself unless it is killed."""


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


def _place(settings: RedisSettings) -> str:
    return settings.redis_url.rpartition("@")[2].removeprefix("redis://").removeprefix("rediss://")


_COMMANDS = {"status": _status, "selftest": _selftest}
