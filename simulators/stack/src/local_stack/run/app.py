"""`make run`: the product on a laptop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.parts import ComfyUISimulator, TelegramSimulator, bot, worker
from local_stack.processes.environment import inherited_environment
from local_stack.processes.errors import StackError
from local_stack.processes.ports import HOST, require_free
from local_stack.processes.stack import first_death, running
from local_stack.redis_server import RedisServer
from local_stack.run.console import Console
from local_stack.run.settings import SIMULATED_TOKEN, StackSettings

if TYPE_CHECKING:
    from local_stack.processes.part import Part

NAMES = ("redis", "telegram", "comfyui", "worker", "bot")


def main() -> None:
    """Run until Ctrl-C; exit code 1 says that a part did not start or died."""
    console = Console(sys.stdout, NAMES)
    try:
        settings = StackSettings.read(os.environ)
        with tempfile.TemporaryDirectory(prefix="qwenedit-") as data:
            asyncio.run(run(settings, console, Path(data)))
    except StackError as error:
        raise SystemExit(f"qwenedit: {error}") from None


async def run(settings: StackSettings, console: Console, data: Path) -> None:
    """Run all parts until the process is told to stop; told again, it no longer waits for them.

    Args:
        settings: Choices of the person who runs it.
        console: Where the parts' lines go.
        data: A folder for what they keep; it may go afterwards.

    Raises:
        StackError: a part did not start, or ended by itself.
    """
    parts = build(settings, data)
    for part in parts:
        part.listener = console.line
    stop = asyncio.Event()

    def told_to_stop() -> None:
        if stop.is_set():
            for part in parts:
                part.signal(signal.SIGKILL)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop)
    serving = asyncio.create_task(_serve(parts, settings, console))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            console.say("Stopping; once more to stop at once.")
            serving.cancel()
        await asyncio.gather(serving, return_exceptions=stop.is_set())
    finally:
        stopping.cancel()


async def _serve(parts: list[Part], settings: StackSettings, console: Console) -> None:
    async with running(parts):
        if settings.bot_token is None:
            console.say(f"Chat with the bot: http://{HOST}:{settings.port}")
        else:
            console.say("The bot answers on Telegram.")
        await first_death(parts)


def build(settings: StackSettings, data: Path) -> list[Part]:
    """Make the parts, in the order in which they start.

    Raises:
        StackError: the port is busy, or there is no Redis here.
    """
    # Emptied: an operator may have them set, for another Redis than ours.
    env = inherited_environment(REDIS_USERNAME="", REDIS_PASSWORD="", REDIS_SENTINELS="")
    if settings.workflow is not None:
        env["WORKFLOW"] = settings.workflow
    redis = RedisServer(data / "redis")
    parts: list[Part] = [redis]
    telegram_url, comfyui_url = None, settings.comfyui_url
    if settings.bot_token is None:
        require_free(settings.port, hint="choose another one with `make run PORT=…`")
        telegram = TelegramSimulator(env=env, port=settings.port)
        telegram_url = telegram.url
        parts.append(telegram)
    if comfyui_url is None:
        comfyui = ComfyUISimulator(env=env, data_dir=data / "comfyui")
        comfyui_url = comfyui.url
        env |= comfyui.shared_folders
        parts.append(comfyui)
    token = settings.bot_token or SIMULATED_TOKEN
    return [
        *parts,
        worker(env=env, redis_url=redis.url, comfyui_url=comfyui_url),
        bot(env=env, redis_url=redis.url, token=token, telegram_url=telegram_url),
    ]
