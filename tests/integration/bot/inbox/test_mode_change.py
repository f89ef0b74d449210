"""From webhooks to polling: Telegram serves no poller while a webhook is set."""

from __future__ import annotations

from local_stack import SIMULATED_TOKEN, TelegramSimulator, bare_environment, bot, free_port
from telegram_simulator.client import TelegramSimulator as Chats


async def test_polling_bot_takes_over_from_one_with_webhooks_and_what_was_sent_in_between(redis_url, tmp_path):
    telegram = TelegramSimulator(env=bare_environment(), temp_dir=tmp_path)
    port = free_port()
    with_webhook = bot(
        env=bare_environment(
            BOT_MODE="webhook",
            WEBHOOK_URL=f"http://127.0.0.1:{port}/telegram",
            WEBHOOK_SECRET="only-Telegram_knows-this",
            WEBHOOK_PORT=str(port),
        ),
        redis_url=redis_url,
        token=SIMULATED_TOKEN,
        telegram_url=telegram.url,
    )
    polling = bot(env=bare_environment(), redis_url=redis_url, token=SIMULATED_TOKEN, telegram_url=telegram.url)
    try:
        await telegram.start()
        await with_webhook.start()
        async with Chats(telegram.url) as chats:
            assert (await chats.bot())["webhook"]
            await with_webhook.stop()
            ann = await chats.user()
            await ann.send("a red hat")
            await polling.start()
            await ann.says("I need a photo first")
            assert not (await chats.bot())["webhook"]
    finally:
        for part in (with_webhook, polling, telegram):
            if part.running:
                await part.kill()
