"""ComfyUI's websocket: progress of prompts, and hints when to ask for their outcome.

Events never decide an outcome. `execution_success` comes before the history is written, and a socket can be lost. A
socket that reconnects under its old client id can stay silent for ever.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import structlog

from qwenedit_worker.comfyui.errors import ComfyUIUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenedit_worker.comfyui.protocol.transport import Transport

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_GOODBYE = 1.0
MOST_STEPS = 10_000
"""ComfyUI's own limit of a sampler (nodes.py)."""


@dataclass(frozen=True, slots=True)
class Began:
    """The executor has taken the prompt, or begins a node of it."""

    node: str = ""
    """Id of the node; empty for the prompt as a whole."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """A node counts: `step` of `steps` are done."""

    node: str
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class Ending:
    """The execution is over; its record is about to be written."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The record is written."""


@dataclass(frozen=True, slots=True)
class AskNow:
    """Something may have changed: a new socket is open, or the queue moved."""


Event: TypeAlias = Began | Stepped | Ending | Ended | AskNow


def read(text: str, *, prompt_id: str) -> Event | None:
    """Read one message; None for those about other prompts and those that tell us nothing."""
    try:
        return _read(text, prompt_id)
    except (ValueError, RecursionError):
        return None


def _read(text: str, prompt_id: str) -> Event | None:
    match json.loads(text):
        case {"type": "status"}:
            return AskNow()
        case {"type": str(kind), "data": {"prompt_id": str(about), **data}} if about == prompt_id:
            return _about(kind, data)
        case _:
            return None


def _about(kind: str, data: dict[Any, Any]) -> Event | None:
    match kind, data:
        case (("execution_start" | "execution_cached" | "progress_state" | "executed"), _):
            return Began()
        case "executing", {"node": None}:
            return Ended()
        case "executing", _:
            return Began(str(data.get("node", "")))
        case "progress", {"node": node, "value": int() | float() as value, "max": int() | float() as steps} if (
            0 <= value <= steps <= MOST_STEPS
        ):
            return Stepped(node=str(node), step=int(value), steps=int(steps))
        case (("execution_success" | "execution_error" | "execution_interrupted"), _):
            return Ending()
        case _:
            return None


class Subscriber:
    """One prompt's part of what the websocket says.

    Args:
        prompt_id: of the prompt.
        on_event: called for each event; must not block.
    """

    def __init__(self, prompt_id: str, on_event: Callable[[Event], None]) -> None:
        self.prompt_id = prompt_id
        self.client_id: str | None = None
        """Under which the prompt was submitted: ComfyUI sends its events to the socket of that id, and to no other."""
        self._on_event = on_event

    def hear(self, text: str, *, client_id: str) -> None:
        """Take a message that came over the socket of `client_id`."""
        event = read(text, prompt_id=self.prompt_id)
        # On the prompt's own socket its own events say all, and better than that the queue has moved.
        if event is not None and not (isinstance(event, AskNow) and self.client_id in (None, client_id)):
            self._on_event(event)

    def reconnected(self) -> None:
        """Note that what was said lately may not have been heard."""
        if self.client_id is not None:
            self._on_event(AskNow())


class Feed:
    """Keeps one websocket open, through reconnects, and hands on what it says of each prompt that is followed.

    Args:
        transport: to the server.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._subscribers: set[Subscriber] = set()
        self._tried = asyncio.Event()
        self._wanted = asyncio.Event()
        self._open = False
        self.client_id = str(uuid.uuid4())
        """Under which prompts are to be submitted; another one after each reconnect."""

    @contextmanager
    def subscribed(self, subscriber: Subscriber) -> Iterator[None]:
        """Hand on what is said of a prompt, inside the block."""
        self._subscribers.add(subscriber)
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)

    async def ready(self) -> None:
        """Wait until the socket is open, or could not be opened just now."""
        if not self._open:
            self._tried.clear()
            self._wanted.set()
            await self._tried.wait()

    async def run(self) -> None:
        """Listen for ever. To be cancelled."""
        clock = asyncio.get_running_loop().time
        pause = _FIRST_PAUSE
        while True:
            self._wanted.clear()
            began = clock()
            try:
                await self._listen()
            except ComfyUIUnavailable as error:
                log.debug("comfyui.websocket_unavailable", error=str(error))
            except Exception:
                log.exception("comfyui.websocket_crashed")  # a defect of ours costs progress, and no outcome
            finally:
                self._open = False
                self._tried.set()
            # A fresh id: while the server still holds the old socket, a new one under its id would hear nothing. The
            # events of prompts already submitted stay lost, but the queue's changes are sent to everyone.
            self.client_id = str(uuid.uuid4())
            pause = _FIRST_PAUSE if clock() - began > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()

    async def _listen(self) -> None:
        socket = await self._transport.websocket(self.client_id)
        try:
            self._open = True
            self._tried.set()
            for subscriber in tuple(self._subscribers):
                subscriber.reconnected()
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    continue  # previews
                for subscriber in tuple(self._subscribers):
                    subscriber.hear(frame.data, client_id=self.client_id)
            log.debug("comfyui.websocket_lost", code=socket.close_code)
        finally:
            # It waits for the server's goodbye, whatever comes before that, and without end in a flood. Cancelled, it
            # drops the connection.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await socket.close()
