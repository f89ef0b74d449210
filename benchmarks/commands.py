"""Counts Redis' commands for one photo, and in an idle minute.

Real processes: Redis, the bot, one worker, and both simulators. Commands inside scripts count as well, as in Redis'
own `commandstats`. What the idle product sends in the same time is taken off a photo's count.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.sample_picture import gradient
from qwenedit_testkit.people import Sender
from qwenedit_testkit.programs import command_line
from qwenedit_testkit.system import System

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from redis.asyncio import Redis

PHOTO = gradient(512)
ROUND = 10.0
"""Seconds that are counted for each photo: longer than it takes, with all that follows it."""
SETTLING = 15.0
"""Seconds until the worker's waits for a job have their longest."""
NOT_COUNTED = {"cmdstat_info", "cmdstat_ping"}


async def main() -> None:
    """Print the figures."""
    command_line(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with System(Path(folder), step_seconds=0.25) as system:
            await system.start(system.bot(), system.worker())
            sender = Sender(await system.chats.user())
            await _photo(sender)  # the first one is not like those that follow
            await asyncio.sleep(SETTLING)
            idle = await _commands_of(system, asyncio.sleep(ROUND * 3))
            photos = [await _commands_of(system, _photo(sender)) for _ in range(5)]
            await asyncio.sleep(SETTLING)
            after = await _commands_of(system, asyncio.sleep(ROUND * 3))
    idle_round = (idle.total() + after.total()) / 6
    print(f"{statistics.median(each.total() for each in photos) - idle_round:6.0f} commands for a photo")
    print(f"{after.total() * 2:6.0f} commands in an idle minute, bot and worker")


async def _photo(sender: Sender) -> None:
    """Have a photo edited, and wait for the round's end."""
    until = time.monotonic() + ROUND
    await sender.send_photo(PHOTO)
    while not (await sender.answers())[-1].complete:
        if time.monotonic() > until:
            raise TimeoutError(f"no picture within {ROUND:g} s")
        await asyncio.sleep(0.05)
    await asyncio.sleep(until - time.monotonic())


async def _commands_of(system: System, what: Awaitable[None]) -> Counter[str]:
    before = await commands(system.client)
    await what
    return await commands(system.client) - before


async def commands(client: Redis) -> Counter[str]:
    """Return how many commands Redis has executed so far, by kind."""
    stats = await client.info("commandstats")
    return Counter({name[8:]: int(each["calls"]) for name, each in stats.items() if name not in NOT_COUNTED})


if __name__ == "__main__":
    asyncio.run(main())
