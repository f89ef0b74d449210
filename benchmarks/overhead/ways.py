"""The product and the bot by hand as processes, each with its simulated Telegram, and one ComfyUI for both."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_stack import Part, RedisServer, TelegramSimulator, bare_environment, by_line, python_module, worker
from qwenedit_testkit import ROOT
from qwenedit_testkit.photos import phone_photo
from qwenedit_testkit.system import System
from qwenedit_worker.comfyui.workflow.sizes import size_of
from telegram_simulator.client import NeverHappenedError
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from pathlib import Path

    from qwenedit_worker.comfyui import Workflow

PRODUCT, HAND = "the product", "by hand"
STEP_SECONDS = 0.01
"""Of one of the simulated ComfyUI's steps; an edit has four by default."""
PATIENCE = 300.0
"""Seconds for one photo: a real ComfyUI may have no GPU."""
EDIT = "editMessageMedia"


@dataclass(frozen=True, slots=True)
class Answered:
    """A photo that became a picture; times in seconds since the epoch."""

    chat_id: int
    message_id: int
    sent: float
    answered: float

    @property
    def ms(self) -> float:
        """Milliseconds from one to the other."""
        return 1000 * (self.answered - self.sent)


@dataclass(frozen=True, slots=True)
class Way:
    """A bot and what belongs to it."""

    chats: Chats
    parts: tuple[Part, ...]

    async def edit(self) -> Answered:
        """Have a new user send a photo, and wait for the picture.

        Raises:
            NeverHappenedError: none came; says what the processes printed last.
        """
        person = await self.chats.user()
        (message,) = await person.send(photo=phone_photo(), caption="make it snow")
        sent = time.time()
        try:
            await person.picture(PATIENCE)
        except NeverHappenedError as error:
            printed = "\n".join(line for part in self.parts for line in part.lines[-5:])
            raise NeverHappenedError(f"{error}\n{printed}") from None
        calls = await self.chats.calls(EDIT)
        answered = next(call.at for call in reversed(calls) if call.chat_id == person.chat_id)
        return Answered(person.chat_id, message, sent, answered)


class BothWays(System):
    """All processes, started and ended together.

    Args:
        folder: For data.
        workflow: What ComfyUI executes.
        collector_url: Where the product exports its spans.
        comfyui_url: A real ComfyUI; empty for a simulated one.

    Attributes:
        ways: The product and by hand.
    """

    def __init__(self, folder: Path, *, workflow: Workflow, collector_url: str, comfyui_url: str) -> None:
        env = {"WORKFLOW": workflow.name, "OTEL_EXPORTER_OTLP_ENDPOINT": collector_url}
        redis, comfyuis = RedisServer(folder / "redis"), 0 if comfyui_url else 1
        super().__init__(folder, env=env, redis=redis, comfyuis=comfyuis, step_seconds=STEP_SECONDS)
        url = comfyui_url or self.comfyuis[0].url
        folders = {} if comfyui_url else self.comfyuis[0].shared_folders
        the_worker = self.add(worker(env=self._env | folders, redis_url=self.redis.url, comfyui_url=url))
        self._product = (self.bot(), the_worker, self.redis)
        self._other_telegram = self.add(TelegramSimulator(env=bare_environment(), temp_dir=folder / "other-telegram"))
        told = {
            "TELEGRAM": self._other_telegram.url,
            "TOKEN": "2:by-hand",
            "COMFYUI": url,
            "GRAPH": _template(workflow),
        }
        env = bare_environment(**told, PYTHONPATH=str(ROOT))
        command = python_module("benchmarks.overhead.by_hand")
        self._hand = self.add(Part(HAND, command, env=env, ready=by_line("ready")))
        for part in self.parts:
            part.ends_with_us = True
        self.ways: dict[str, Way] = {}

    async def _prepare(self) -> None:
        await self.start(self._other_telegram)
        await self.start(*self._product[:2], self._hand)
        chats = await self._stack.enter_async_context(Chats(self._other_telegram.url))
        self.ways = {PRODUCT: Way(self.chats, self._product), HAND: Way(chats, (self._hand,))}


def _template(workflow: Workflow) -> str:
    """Return the graph for one photo, with the names of what an edit fills in."""
    seed = 111_111_111
    bound = workflow.bind(
        images=["$PICTURE"], prompt="$PROMPT", seed=seed, prefix="$PREFIX", sizes=[size_of(phone_photo())]
    )
    return json.dumps(bound.graph).replace(str(seed), "$SEED")
