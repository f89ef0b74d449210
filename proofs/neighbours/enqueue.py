"""Put jobs into the queue, as standard input lists them: a JSON array of [user, message of the bot, their own].

`BOT` is the bot's number, under which it remembers which of its messages answers which of theirs.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys

from qwenedit_jobs import Edit, Job, JobQueue, RedisSettings, ReplyTo, connect
from qwenedit_jobs.queue.queue import Limits

LIMITS = Limits(max_queue_length=1_000_000, max_unfinished_per_user=1_000, max_wait=86_400)
REMEMBERED = 86_400
"""Seconds."""


async def main() -> None:
    """Enqueue them all."""
    settings = RedisSettings()
    async with connect(settings) as redis:
        queue = JobQueue(redis, settings.keys)
        for user, placeholder, source in json.load(sys.stdin):
            name = secrets.token_hex(8)
            edit = Edit(prompt="make it snow", pictures=(f"{name}:in:0",), seed=1)
            reply = ReplyTo(chat_id=user, placeholder_id=placeholder, source_message_id=source, language="en")
            remembered = f"{settings.keys.prefix}:reply:{os.environ['BOT']}:{user}:{source}"
            await redis.set(remembered, placeholder, ex=REMEMBERED)
            await queue.enqueue(Job(id=name, user_id=user, edit=edit, reply=reply), LIMITS)


if __name__ == "__main__":
    asyncio.run(main())
