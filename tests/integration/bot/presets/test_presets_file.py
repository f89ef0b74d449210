"""The operator's file of presets, as the bot reads it at its start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from local_stack import SIMULATED_TOKEN, TelegramSimulator, bare_environment, bot
from qwenedit_testkit.system import ended

if TYPE_CHECKING:
    from pathlib import Path


async def test_unusable_presets_stop_the_start_with_code_2_and_words(redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "presets.yaml"
    file.write_text("categories: [{id: a, name: {en: A}, presets: [{id: b, name: {en: B}, prompt: Do it.}]}]")
    telegram = TelegramSimulator(env=bare_environment(), temp_dir=tmp_path / "telegram")
    env = bare_environment(PRESETS_FILE=str(file))
    part = bot(env=env, redis_url=redis_url, token=SIMULATED_TOKEN, telegram_url=telegram.url)
    try:
        await telegram.start()
        await part.launch()
        async with asyncio.timeout(60):
            assert await part.wait() == 2
        await part.wait_for_line("bot.refused.*categories.a.presets.b.example: Field required")
    finally:
        await ended([part, telegram])
