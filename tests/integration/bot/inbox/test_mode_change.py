"""From webhooks to polling and back: Telegram serves no poller while a webhook is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from aiogram.methods import SetWebhook

from local_stack import SIMULATED_TOKEN, Service, TelegramSimulator, bare_environment, bot
from proofs.fuzz.harness import Harness
from qwenedit_bot.common import timeouts
from qwenedit_testkit.system import ended, webhook
from qwenedit_testkit.waiting import eventually
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Bots(NamedTuple):
    """One bot that polls and one with a webhook, of the same token; neither runs yet."""

    chats: Chats
    polling: Service
    with_webhook: Service


@pytest.fixture
async def bots(redis_url: str, tmp_path: Path) -> AsyncIterator[Bots]:
    telegram = TelegramSimulator(env=bare_environment(), temp_dir=tmp_path)
    with_webhook = bot(
        env=bare_environment(**webhook()),
        redis_url=redis_url,
        token=SIMULATED_TOKEN,
        telegram_url=telegram.url,
        name="webhook",
    )
    polling = bot(env=bare_environment(), redis_url=redis_url, token=SIMULATED_TOKEN, telegram_url=telegram.url)
    try:
        await telegram.start()
        async with Chats(telegram.url) as chats:
            yield Bots(chats, polling, with_webhook)
    finally:
        await ended([with_webhook, polling, telegram])


async def test_polling_bot_takes_over_from_one_with_webhooks_and_what_was_sent_in_between(bots: Bots) -> None:
    await bots.with_webhook.start()
    assert (await bots.chats.bot())["webhook"]
    await bots.with_webhook.stop()
    ann = await bots.chats.user()
    await ann.send("a red hat")
    await bots.polling.start()
    await ann.says("Which photo?")
    assert not (await bots.chats.bot())["webhook"]


async def test_poller_leaves_the_webhook_alone_that_its_successor_sets_beside_it(bots: Bots) -> None:
    await bots.polling.start()
    ann = await bots.chats.user()
    await ann.send("/help")
    await ann.says("Send a photo")
    await bots.with_webhook.start()

    async def refused_and_tried_again() -> bool:
        return [call.status for call in await bots.chats.calls("getUpdates")].count(409) > 2

    await eventually(refused_and_tried_again)
    assert len(await bots.chats.calls("deleteWebhook")) == 1  # at its start
    assert (await bots.chats.bot())["webhook"]
    await bots.polling.wait_for_line('"warning".*polling.conflict.*webhook')
    await bots.polling.stop()
    await ann.send("/privacy")
    await ann.says("What I keep")


async def test_poller_whose_token_is_revoked_ends_with_a_line_that_says_so(bots: Bots) -> None:
    await bots.polling.start()
    await bots.chats.fault("getUpdates", "401")
    await (await bots.chats.user()).send("/help")
    assert await bots.polling.wait() == 2
    await bots.polling.wait_for_line("TokenRefusedError.*was it revoked")


async def test_webhook_is_set_again_and_again_in_case_a_leaving_poller_deletes_it(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "WEBHOOK_AGAIN", 0.05)
    async with Harness(redis_url) as harness:
        await eventually(lambda: sum(isinstance(call, SetWebhook) for call in harness.wire.calls) > 2)
