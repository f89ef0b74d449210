"""The parts of a run, joined with each other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from local_stack.parts import ComfyUISimulator, TelegramSimulator, bot, worker
from local_stack.processes.environment import inherited_environment
from local_stack.processes.ports import require_free
from local_stack.run.settings import SIMULATED_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from local_stack.parts import Service
    from local_stack.processes.part import Part
    from local_stack.redis_server import RedisServer
    from local_stack.run.settings import StackSettings

NAMES = ("redis", "telegram", "comfyui", "worker", "bot")


class Parts:
    """All parts; the simulators are there where nothing real takes their place.

    Args:
        settings: Choices of the person who runs it.
        data: A folder for what the parts keep.
        redis: The server.
        password: Of the server.

    Raises:
        StackError: the port is busy.
    """

    def __init__(self, settings: StackSettings, data: Path, redis: RedisServer, *, password: str) -> None:
        # Sentinels are emptied: an operator may have them set, for another Redis than ours.
        env = inherited_environment(REDIS_PASSWORD=password, REDIS_SENTINELS="")
        if settings.workflow is not None:
            env["WORKFLOW"] = settings.workflow
        env.pop("BOT_TOKEN", None)  # the bot alone has it
        self.redis = redis
        self.simulators: list[Part] = []
        telegram_url, comfyui_url = None, settings.comfyui_url
        if settings.bot_token is None:
            require_free(settings.port, hint="choose another one with `make run PORT=…`")
            telegram = TelegramSimulator(env=env, temp_dir=data / "telegram", port=settings.port)
            telegram_url = telegram.url
            self.simulators.append(telegram)
        if comfyui_url is None:
            comfyui = ComfyUISimulator(env=env, data_dir=data / "comfyui")
            comfyui_url = comfyui.url
            env |= comfyui.shared_folders
            self.simulators.append(comfyui)
        self.comfyui_url: str = comfyui_url
        token = settings.bot_token or SIMULATED_TOKEN
        self.worker: Service = worker(env=env, redis_url=redis.url, comfyui_url=comfyui_url)
        self.bot: Service = bot(env=env, redis_url=redis.url, token=token, telegram_url=telegram_url)
        for part in self.all:
            part.ends_with_us = sys.platform == "linux"

    @property
    def all(self) -> list[Part]:
        """All parts."""
        return [self.redis, *self.simulators, self.worker, self.bot]
