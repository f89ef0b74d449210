"""ComfyUI's websocket: progress of one prompt, and hints when to ask for its outcome.

Events never decide an outcome: `execution_success` comes before the history is written, a socket can be lost, and one
that reconnects under its old client id can stay silent for ever.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import structlog

from qwenedit_worker.comfyui.errors import ComfyUIUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_worker.comfyui.transport import Transport

log = structlog.get_logger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True, slots=True)
class Began:
    """The executor has taken the prompt, or begins a node of it."""


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
        message = json.loads(text)
    except ValueError:
        return None
    match message:
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
            return Began()
        case "progress", {"node": node, "value": int() | float() as value, "max": int() | float() as steps}:
            return Stepped(node=str(node), step=int(value), steps=int(steps))
        case (("execution_success" | "execution_error" | "execution_interrupted"), _):
            return Ending()
        case _:
            return None


class Listener:
    """Keeps a websocket open for one prompt, and hands on what it says.

    Args:
        transport: to the server.
        prompt_id: of the prompt whose events are handed on.
        on_event: called for each; must not block.
    """

    def __init__(self, transport: Transport, *, prompt_id: str, on_event: Callable[[Event], None]) -> None:
        self._transport = transport
        self._prompt_id = prompt_id
        self._on_event = on_event
        self._tried = asyncio.Event()
        self.client_id = str(uuid.uuid4())
        """Under which the prompt is to be submitted: ComfyUI sends its events to this socket."""

    async def ready(self) -> None:
        """Wait until the first socket is open, or could not be opened."""
        await self._tried.wait()

    async def run(self) -> None:
        """Listen for ever, through reconnects. To be cancelled."""
        pause = _FIRST_PAUSE
        client_id = self.client_id
        while True:
            try:
                opened = await self._listen(client_id)
            except ComfyUIUnavailable as error:
                log.debug("comfyui.websocket_unavailable", error=str(error))
                opened = False
            finally:
                self._tried.set()
            pause = _FIRST_PAUSE if opened else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)
            # A fresh id: while the server still holds the old socket, a new one under its id would hear nothing. The
            # prompt's own events stay lost, but the queue's changes are sent to everyone.
            client_id = str(uuid.uuid4())

    async def _listen(self, client_id: str) -> bool:
        ours = client_id == self.client_id
        socket = await self._transport.websocket(client_id)
        try:
            self._tried.set()
            if not ours:
                self._on_event(AskNow())
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    continue  # previews
                event = read(frame.data, prompt_id=self._prompt_id)
                if event is not None and not (ours and isinstance(event, AskNow)):
                    self._on_event(event)
            log.debug("comfyui.websocket_lost", code=socket.close_code)
        finally:
            await socket.close()
        return True
