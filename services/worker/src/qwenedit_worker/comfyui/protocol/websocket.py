"""ComfyUI's websocket: progress of prompts, and hints when to ask for their outcome.

Events never decide an outcome. `execution_success` comes before the history is written, and a socket can be lost. A
socket that reconnects under its old client id can stay silent forever.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.errors import ComfyUIUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenedit_worker.comfyui.protocol.transport import Transport

log = structlog.get_logger(__name__)

UNHEARD = '{"type": "progress_state"'
"""How the largest messages begin, which repeat what the others say: the state of all nodes, at each step."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """What is said of a prompt: the executor has taken it, begins a node or counts its steps, or is done."""

    node: str = ""
    """Id of the node; empty for the prompt as a whole."""
    step: int = 0
    """Of `steps`, how many are done."""
    steps: int = 0
    """0: the node begins."""
    over: bool = False
    """The record is written: ask for it."""


LOST = FeedEvent(over=True)
"""The websocket is lost: later events of the prompt don't arrive."""


def parse_event(text: str) -> tuple[str, FeedEvent] | None:
    """Read one message into a prompt's id and its event; None for messages that don't matter."""
    if text.startswith(UNHEARD):
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match message:
        case {"type": str(kind), "data": {"prompt_id": str(prompt_id), **data}}:
            event = _event(kind, data)
            return (prompt_id, event) if event else None
        case _:
            return None


def _event(kind: str, data: dict[Any, Any]) -> FeedEvent | None:
    match kind, data:
        case (("execution_start" | "execution_cached" | "executed"), _):
            return FeedEvent()
        case "executing", {"node": None}:
            return FeedEvent(over=True)
        case "executing", _:
            return FeedEvent(str(data.get("node", "")))
        case "progress", {"node": node, "value": int() | float() as value, "max": int() | float() as steps} if (
            0 <= value <= steps <= 10_000  # ComfyUI's own limit of a sampler (nodes.py)
        ):
            return FeedEvent(str(node), step=int(value), steps=int(steps))
        case _:
            return None


class Feed:
    """Keeps one websocket open, through reconnects, and hands on what it says of each prompt that is followed.

    Args:
        transport: to the server.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._followed: dict[str, Callable[[FeedEvent], None]] = {}
        self.open = asyncio.Event()
        self.client_id = str(uuid.uuid4())
        """Client id under which to submit prompts; a new one after each reconnect."""

    @contextmanager
    def following(self, prompt_id: str, on_event: Callable[[FeedEvent], None]) -> Iterator[None]:
        """Pass a prompt's events on, inside the block; `on_event` must not block."""
        self._followed[prompt_id] = on_event
        try:
            yield
        finally:
            del self._followed[prompt_id]

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except ComfyUIUnavailable as error:
                log.debug("comfyui.websocket_unavailable", error=str(error))
            except Exception:
                log.exception("comfyui.websocket_crashed")  # a defect of ours costs progress, and no outcome
            finally:
                self.open.clear()
            # A fresh id: while the server still holds the old socket, a new one under its id would hear nothing.
            self.client_id = str(uuid.uuid4())
            for on_event in tuple(self._followed.values()):
                on_event(LOST)
            # Shorter than a restart, so that its moment without a listener is seen: only that shows a new process.
            await asyncio.sleep(0.25)

    async def _listen(self) -> None:
        socket = await self._transport.websocket(self.client_id)
        try:
            self.open.set()
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    continue  # previews
                prompt_id, event = parse_event(frame.data) or ("", None)
                if event and (on_event := self._followed.get(prompt_id)):
                    on_event(event)
            log.debug("comfyui.websocket_lost", code=socket.close_code)
        finally:
            # It waits for the server's goodbye, whatever comes before that, and without end in a flood. Cancelled, it
            # drops the connection.
            with suppress(TimeoutError):
                async with asyncio.timeout(timeouts.WEBSOCKET_CLOSE):
                    await socket.close()
