"""Sending updates to a bot's address (telegram-bot-api, `WebhookActor.cpp`).

The messages of one chat go one after the other, those of several chats side by side, and presses of buttons beside
them. What is not answered with 2xx is sent again: at once, then after 2, 4, 8… seconds.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import aiohttp

from telegram_simulator.common.tasks import owned_tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram_simulator.common.tasks import Tasks
    from telegram_simulator.world.bots import Bot, Webhook
    from telegram_simulator.world.updates import Update

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name, not a secret
ANSWER_TIMEOUT = 60.0
"""Seconds that a bot has to answer."""
LONGEST_PAUSE = 60.0
CONNECTIONS = 40
"""Most updates on their way at once."""

_TAKEN = range(200, 300)

Lane: TypeAlias = tuple[str, int]
_OWNERS = {"message": "chat", "my_chat_member": "chat", "callback_query": "from", "pre_checkout_query": "from"}
"""Whose lane an update takes."""


class Webhooks:
    """Runs the deliveries of all bots; what an address answers besides its status is ignored."""

    def __init__(self) -> None:
        self._tasks: Tasks
        self._session: aiohttp.ClientSession

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the context is open."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT)
        # A bot on a laptop or in a try-out cluster has a certificate of its own making.
        connector = aiohttp.TCPConnector(ssl=False, limit=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as self._session,
            owned_tasks() as self._tasks,
        ):
            yield

    def start(self, bot: Bot, webhook: Webhook) -> None:
        """Send a bot's updates to an address from now on."""
        self.stop(bot)
        bot.webhook = webhook
        webhook.deliveries = self._tasks.start(_Deliveries(bot, webhook, self._session).run())
        bot.look()

    def stop(self, bot: Bot) -> None:
        """Send a bot's updates nowhere."""
        webhook, bot.webhook = bot.webhook, None
        if webhook is not None and webhook.deliveries is not None:
            webhook.deliveries.cancel()
        bot.look()


class _Deliveries:
    def __init__(self, bot: Bot, webhook: Webhook, session: aiohttp.ClientSession) -> None:
        self._bot = bot
        self._webhook = webhook
        self._session = session
        self._lanes: set[Lane] = set()

    async def run(self) -> None:
        updates = self._bot.updates
        async with owned_tasks() as tasks:
            while True:
                seen = updates.arrivals.count
                for update in updates.first(len(updates)):
                    lane = lane_of(update)
                    if lane not in self._lanes and len(self._lanes) < CONNECTIONS:
                        self._lanes.add(lane)
                        tasks.start(self._deliver(update, lane))
                await updates.arrivals.after(seen)

    async def _deliver(self, update: Update, lane: Lane) -> None:
        pause, failures = 1.0, 0
        while (retry_after := await self._attempt(update)) is not None:
            if failures and not retry_after:
                pause = min(LONGEST_PAUSE, pause * 2)
            failures += 1
            await asyncio.sleep(retry_after or (pause if failures > 1 else 0.0))
        self._bot.updates.remove(update)
        self._lanes.discard(lane)
        self._bot.updates.arrivals.beat()  # the next one of this chat may go

    async def _attempt(self, update: Update) -> float | None:
        """Send an update; returns None when it was taken, else the pause that the bot wishes, in seconds."""
        headers = {SECRET_HEADER: self._webhook.secret} if self._webhook.secret else {}
        try:
            async with self._session.post(
                self._webhook.url, json=update.as_json(), headers=headers, allow_redirects=False
            ) as response:
                if response.status in _TAKEN:
                    return None
                self._webhook.failed(f"Wrong response from the webhook: {response.status} {response.reason}")
                retry_after = response.headers.get("Retry-After", "")
                return float(retry_after) if retry_after.isdigit() else 0.0
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._webhook.failed(f"Connection failed: {type(error).__name__}")
            return 0.0


def lane_of(update: Update) -> Lane:
    """Return the lane whose updates keep their order; those of other lanes may overtake them.

    Messages and edits share a lane for each chat; changes of the bot's rights have another one. Presses have a lane for
    each person, and so have questions before payments. Anything else has a lane of its own (telegram-bot-api,
    `Client.cpp`, `webhook_queue_id`, and `WebhookActor.cpp`).
    """
    kind = "message" if update.kind == "edited_message" else update.kind
    owner = _OWNERS.get(kind)
    return (kind, update.id) if owner is None else (kind, int(update.payload.get(owner, {}).get("id", 0)))
