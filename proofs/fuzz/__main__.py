"""Sends odd updates and odd pictures: the bot answers or rightly ignores them.

Real: the bot, all of it, with its webhook, streams and handlers, its picture checks, and a Redis. Telegram is a list of
the bot's calls, each checked for what Telegram would refuse.
"""

from __future__ import annotations

import asyncio
import resource
import time
import warnings
from typing import TYPE_CHECKING

from local_stack import RedisServer
from proofs._frame import prove
from proofs.fuzz.harness import FoundError
from proofs.fuzz.run import fuzz_pictures, fuzz_updates

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


async def fuzz(options: argparse.Namespace, folder: Path) -> list[str]:
    """Run both halves in a loop of their own, and print how many had each outcome."""
    return await asyncio.to_thread(_both, options, folder)


def _both(options: argparse.Namespace, folder: Path) -> list[str]:
    warnings.simplefilter("ignore")  # Pillow's, of broken metadata
    with asyncio.Runner() as runner:
        redis = RedisServer(folder / "redis", persistent=False)
        runner.run(redis.start())
        try:
            for name, half, count in (
                ("updates", fuzz_updates, options.updates),
                ("pictures", fuzz_pictures, options.pictures),
            ):
                began = time.monotonic()
                outcomes = half(runner, redis.url, count=count, seed=options.seed)
                print(f"\n{sum(outcomes.values())} {name} in {time.monotonic() - began:.0f} s, none too much to bear:")
                for (kind, outcome), number in sorted(outcomes.items()):
                    print(f"{number:7}  {kind:40}  {outcome}")
        except FoundError as error:
            return [f"made as small as it gets:\n{error}"]
        finally:
            runner.run(redis.stop())
    print(f"\nmost memory, bot and fuzzer together: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    return []


if __name__ == "__main__":
    prove(fuzz, __doc__, seed=None, updates=(5000, "at least so many"), pictures=(5000, "how many"))
