"""Which chat and message a job's answer goes to, by the bot's own notes. A worker cannot change them.

A holder of the workers' Redis password can write a whole job, with the chat and the message of its answer. So the bot
believes the chat and the user's message only where the job's id proves them. Nobody can make such an id without the
bot's token. The message that becomes the answer is the one that the bot noted itself, under a key that workers cannot
write.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, cast

import structlog

from qwenedit_jobs.queue.operator_queue import OperatorQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_jobs import Keys, ReplyTo, Status

UNPROVEN_FOR = 8 * 86_400
"""Seconds after the first use of a token. Until then ids of another token, or of an earlier release, are believed where
the bot remembers the answer. It is the longest wait in line, and a day."""
NOWHERE = 2**31 - 1
"""A message that no chat has: its edit fails, and the answer is a message of its own."""
MOST_KNOWN = 20_000
"""Jobs whose address need not be looked up again."""

_Address: TypeAlias = "tuple[int, int, int, str]"

log = structlog.get_logger(__name__)


class AddressedQueue(OperatorQueue):
    """The queue, with jobs whose answers go where the bot was asked for them. A forged one has no `reply`.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        bot_keys: Names of the bot's keys, for what it remembers.
        ids: Prove where a job comes from.
        picture_ttl: See `JobQueue`, as for the next.
        on_unreadable: Called with the id of a job.
        on_forged: Called for each job whose address is made up, once.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        bot_keys: BotKeys,
        ids: JobIds,
        picture_ttl: int,
        on_unreadable: Callable[[str], None],
        on_forged: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(redis, keys, picture_ttl=picture_ttl, on_unreadable=on_unreadable)
        self._bot_keys = bot_keys
        self._ids = ids
        self._on_forged = on_forged
        self._clock = clock
        self._known = dict[str, _Address]()
        self._forged = dict[str, _Address]()
        self._unproven_until: float | None = None

    async def statuses(self, job_ids: Iterable[str]) -> list[Status]:
        """Return what is known of several jobs, in one round trip, or two for jobs that are new here."""
        found = await super().statuses(job_ids)
        unknown = [status for status in found if not self._knows(status)]
        if not unknown:
            return found
        remembered = await self._remembered([status.job.reply for status in unknown if status.job.reply is not None])
        checked = {status.job.id: await self._checked(status, remembered) for status in unknown}
        return [checked.get(status.job.id, status) for status in found]

    def _knows(self, status: Status) -> bool:
        reply = status.job.reply
        return reply is None or self._known.get(status.job.id) == _address(reply)

    async def _remembered(self, replies: list[ReplyTo]) -> dict[str, int]:
        """Return the bot's own messages by the keys under which it remembers them."""
        names = [self._name(reply) for reply in replies]
        messages = await self._redis.mget(names) if names else []
        return {name: int(message) for name, message in zip(names, messages, strict=True) if message is not None}

    async def _checked(self, status: Status, remembered: dict[str, int]) -> Status:
        reply = status.job.reply
        if reply is None:
            return status
        message = remembered.get(self._name(reply))
        if self._ids(reply.chat_id, reply.source_message_id, reply.discriminator) != status.job.id:
            if message != reply.placeholder_id or not await self._may_be_unproven():
                return self._without_reply(status, reply)
        elif message is None:
            message = NOWHERE
        if message == reply.placeholder_id:
            _note(self._known, status, reply)
        return _with_reply(status, reply.model_copy(update={"placeholder_id": message}))

    async def _may_be_unproven(self) -> bool:
        if self._unproven_until is None:
            key = self._bot_keys.token_since(self._ids(0, 0))
            await self._redis.set(key, round(self._clock()), nx=True)
            self._unproven_until = int(cast("str", await self._redis.get(key))) + UNPROVEN_FOR
        return self._clock() < self._unproven_until

    def _without_reply(self, status: Status, reply: ReplyTo) -> Status:
        if self._forged.get(status.job.id) != _address(reply):
            _note(self._forged, status, reply)
            self._on_forged()
            log.error("job.forged", job=status.job.id, state=status.state)
        return _with_reply(status, None)

    def _name(self, reply: ReplyTo) -> str:
        return self._bot_keys.reply(reply.chat_id, reply.source_message_id, reply.discriminator)


def _address(reply: ReplyTo) -> _Address:
    return reply.chat_id, reply.placeholder_id, reply.source_message_id, reply.discriminator


def _note(jobs: dict[str, _Address], status: Status, reply: ReplyTo) -> None:
    jobs[status.job.id] = _address(reply)
    if len(jobs) > MOST_KNOWN:
        del jobs[next(iter(jobs))]


def _with_reply(status: Status, reply: ReplyTo | None) -> Status:
    return replace(status, job=status.job.model_copy(update={"reply": reply}))
