"""Takes turns with other workers on a shared ComfyUI, before a job is claimed.

A line inside ComfyUI would do for order, and is what is left where strangers use the same one. But its jobs look begun
to their users, and stay with a worker that can do nothing for them.
"""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from qwenedit_worker.common.backoff import Backoff
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import Signal, set_within, unless

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_worker.common.ports import Turns
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.telemetry.metrics import Metrics

LEASE = 10.0
"""Seconds until a killed worker's turn is over. It is renewed every third of them, and costs nothing but that."""

log = structlog.get_logger(__name__)


class TurnTaker:
    """Takes turns, or has always its turn where nobody shares.

    Args:
        turns: Where they are taken; None where this worker has ComfyUI for itself.
        name: The worker's, for the others' logs.
        patience: Seconds to wait for a turn.
        look: Seconds between looks whether the one who has it still lives.
        shutdown: A worker that drains waits no longer.
        metrics: Count turns, and the seconds of waiting for them.
    """

    def __init__(
        self,
        turns: Turns | None,
        *,
        name: str,
        patience: float,
        look: float,
        shutdown: Shutdown,
        metrics: Metrics,
    ) -> None:
        self._turns = turns
        self._name = name
        self._patience = patience
        self._look = look
        self._draining = shutdown.draining
        self._metrics = metrics

    @property
    def needed(self) -> bool:
        """Whether ComfyUI is shared at all."""
        return self._turns is not None

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Signal | None]:
        """Have the turn inside the block.

        Yields:
            A signal that is set when somebody else has it after all; None when it could not be had in time.
        """
        lost = Signal()
        if self._turns is None:
            yield lost
            return
        token = str(uuid.uuid4())
        if not await self._had(self._turns, token):
            self._metrics.turns.labels("not_had").inc()
            yield None
            return
        keeper = asyncio.create_task(self._keep(self._turns, token, lost), name="turn")
        try:
            yield lost
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])
            self._metrics.turns.labels("lost" if lost.is_set() else "passed_on").inc()
            with suppress(QueueUnavailableError):  # its lease runs out
                await self._turns.pass_on(token)

    async def _had(self, turns: Turns, token: str) -> bool:
        clock = asyncio.get_running_loop().time
        since = clock()
        try:
            return await self._wait(turns, token)
        finally:
            self._metrics.turn_wait.inc(clock() - since)

    async def _wait(self, turns: Turns, token: str) -> bool:
        clock = asyncio.get_running_loop().time
        until = clock() + self._patience
        backoff = Backoff()
        while not self._draining.is_set():
            try:
                holder = await turns.take(token, self._name, lease=LEASE)
                if not holder:
                    return True
                if clock() >= until:
                    log.info("comfyui.taken", by=holder, waited=self._patience)
                    return False
                await unless(self._draining, turns.wait(min(self._look, max(until - clock(), 0.01))))
            except QueueUnavailableError:
                await set_within(self._draining, backoff.pause())
        return False

    async def _keep(self, turns: Turns, token: str, lost: Signal) -> None:
        """Renew until somebody else has it. While Redis is away nobody can take it."""
        backoff = Backoff()
        while True:
            await asyncio.sleep(LEASE / 3)
            try:
                holder = await turns.take(token, self._name, lease=LEASE)
            except QueueUnavailableError:
                await asyncio.sleep(backoff.pause())
                continue
            backoff.reset()
            if holder:
                log.warning("comfyui.turn_lost", to=holder)
                lost.set()
                return
