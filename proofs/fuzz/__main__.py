"""The bot answers or rightly ignores whatever a stranger sends: odd updates and odd pictures.

Real: the bot, all of it, with its webhook, streams and handlers, its picture checks, and a Redis. Telegram is a list of
the bot's calls, each checked for what Telegram would refuse.
"""

from __future__ import annotations

import asyncio
import platform
import random
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import PIL
from aiogram import __version__ as aiogram_version

from local_stack import RedisServer
from proofs.fuzz.harness import FoundError
from proofs.fuzz.run import fuzz_pictures, fuzz_updates
from qwenedit_testkit.programs import command_line, whole

MEGABYTE = 1024


def main() -> bool:
    """Run both halves; returns whether the bot could bear all of it."""
    parser = command_line(__doc__)
    parser.add_argument("--updates", type=whole(), default=5000, help="at least so many (%(default)s)")
    parser.add_argument("--pictures", type=whole(), default=5000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="of everything; printed where it is left out")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}; Python {platform.python_version()}, aiogram {aiogram_version}, Pillow {PIL.__version__}")
    warnings.simplefilter("ignore")  # Pillow's, of broken metadata
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, asyncio.Runner() as runner:
        redis = RedisServer(Path(folder), persistent=False)
        runner.run(redis.start())
        try:
            for name, fuzz, count in (
                ("updates", fuzz_updates, options.updates), ("pictures", fuzz_pictures, options.pictures),
            ):  # fmt: skip
                began = time.monotonic()
                outcomes = fuzz(runner, redis.url, count=count, seed=seed)
                print(f"\n{sum(outcomes.values())} {name} in {time.monotonic() - began:.0f} s, none too much to bear:")
                for (kind, outcome), number in sorted(outcomes.items()):
                    print(f"{number:7}  {kind:40}  {outcome}")
        except FoundError as error:
            print(f"\nFOUND with seed {seed}, made as small as it will get:\n{error}")
            return False
        finally:
            runner.run(redis.stop())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE
    print(f"\nmost memory, bot and fuzzer together: {peak} MB")
    return True


if __name__ == "__main__":
    sys.exit(not main())
