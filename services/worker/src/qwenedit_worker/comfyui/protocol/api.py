"""ComfyUI's HTTP endpoints, one method each, with their replies read into types."""

from __future__ import annotations

import io
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.errors import PictureTooLarge, UnexpectedReply, WorkflowRejected
from qwenedit_worker.comfyui.protocol.history import HistoryRecord, OutputFile, Unfinished
from qwenedit_worker.comfyui.protocol.rejection import rejection
from qwenedit_worker.comfyui.protocol.transport import MAX_PICTURE

if TYPE_CHECKING:
    from qwenedit_worker.comfyui.protocol.transport import HttpReply, Transport
    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow


@dataclass(frozen=True, slots=True)
class Queue:
    """Prompt ids inside ComfyUI."""

    running: tuple[str, ...]
    pending: tuple[str, ...]
    """The next one first, the others in any order."""


@dataclass(frozen=True, slots=True)
class SystemStats:
    """A server's version and its GPU."""

    version: str
    device: str
    """The GPU's name."""
    vram_total: int
    """Bytes, as is the next."""
    vram_free: int


class Api:
    """ComfyUI's endpoints. Every method raises ComfyUIUnavailable where there is no sane reply.

    All of them are as old as ComfyUI 0.3, and the present ones still have them.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def upload(self, picture: bytes, *, folder: str, name: str) -> None:
        """Store a picture in a folder of the server's input, in place of any other of the same name.

        Raises:
            PictureTooLarge: it is above the server's upload limit.
        """
        form = aiohttp.FormData({"type": "input", "subfolder": folder, "overwrite": "true"})
        # A file is sent piece by piece; writing megabytes at once would block everything else.
        form.add_field("image", io.BytesIO(picture), filename=name, content_type="application/octet-stream")
        reply = await self._transport.request("POST", "/upload/image", data=form, within=timeouts.TRANSFER)
        if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise PictureTooLarge(f"ComfyUI takes no picture of {len(picture)} bytes")
        if (stored := _ok(reply).json(lambda body: (body["subfolder"], body["name"]))) != (folder, name):
            raise UnexpectedReply(f"POST /upload/image: {folder}/{name} was stored as {stored!r:.200}")

    async def submit(self, bound: BoundWorkflow, *, prompt_id: str, client_id: str) -> None:
        """Queue a prompt under an id of ours. Not idempotent.

        Never sends `number`: the same id and number twice kill ComfyUI's executor.

        Raises:
            ModelMissing, WorkflowRejected: the server refuses the graph. Its outputs without errors may be queued
                nevertheless.
        """
        body = {"prompt": bound.graph, "prompt_id": prompt_id, "client_id": client_id}
        reply = await self._transport.request("POST", "/prompt", json=body)
        refusal = reply.status == HTTPStatus.BAD_REQUEST
        if refused := (reply if refusal else _ok(reply)).json(lambda answer: rejection(answer, bound)):
            raise refused
        if refusal:
            raise WorkflowRejected(f"POST /prompt: 400 {reply.excerpt()}")
        if reply.json(lambda answer: answer["prompt_id"]) != prompt_id:
            raise UnexpectedReply(f"POST /prompt: queued under another id: {reply.excerpt()}", submitted=True)

    async def prompt_status(self, prompt_id: str) -> HistoryRecord | Unfinished:
        """Where the prompt stands.

        It is unknown once, too, where its execution ends between the two questions of which this consists.
        """
        reply = _ok(await self._transport.request("GET", f"/history/{prompt_id}"))
        record = reply.json(lambda entries: HistoryRecord.parse(entries[prompt_id]) if entries else None)
        if record is not None:
            return record
        queue = await self.queue()
        if prompt_id in queue.running:
            return Unfinished.RUNNING
        if prompt_id in queue.pending:
            return Unfinished.PENDING if queue.running else Unfinished.IDLE
        return Unfinished.UNKNOWN

    async def cancel(self, prompt_id: str) -> None:
        """Take a prompt out of the queue, or interrupt it. A finished or unknown one is left alone."""
        _ok(await self._transport.request("POST", "/queue", json={"delete": [prompt_id]}))
        if prompt_id in (await self.queue()).running:  # old versions interrupt whatever runs
            _ok(await self._transport.request("POST", "/interrupt", json={"prompt_id": prompt_id}))

    async def delete_history(self, prompt_id: str) -> None:
        """Delete a history entry. ComfyUI keeps 10,000 of them, with their whole prompts, in memory."""
        _ok(await self._transport.request("POST", "/history", json={"delete": [prompt_id]}))

    async def free(self) -> None:
        """Ask the executor to unload all models and drop its caches, before whatever it does next."""
        _ok(await self._transport.request("POST", "/free", json={"unload_models": True, "free_memory": True}))

    async def view(self, file: OutputFile) -> bytes:
        """Fetch an output.

        Raises:
            TooLargeError: it is larger than `MAX_PICTURE`.
        """
        params = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        return _ok(
            await self._transport.request("GET", "/view", params=params, limit=MAX_PICTURE, within=timeouts.TRANSFER)
        ).body

    async def queue(self) -> Queue:
        """Ids of the prompts that run and wait."""
        return _ok(await self._transport.request("GET", "/queue")).json(_queue)

    async def system_stats(self) -> SystemStats:
        """Version and GPU; without a GPU the memory is the machine's."""
        return _ok(await self._transport.request("GET", "/system_stats")).json(_system_stats)

    async def node(self, class_type: str) -> NodeClass | None:
        """Return a node class's description from `/object_info`; None if there's no such class."""
        reply = _ok(await self._transport.request("GET", f"/object_info/{quote(class_type, safe='')}"))
        return reply.json(lambda classes: NodeClass.parse(classes[class_type]) if classes else None)


@dataclass(frozen=True, slots=True)
class NodeClass:
    """The inputs of a node class, by name."""

    required: dict[str, Any]
    optional: dict[str, Any]

    @classmethod
    def parse(cls, described: dict[str, Any]) -> NodeClass:
        """Read an entry of `/object_info`."""
        groups = described.get("input") or {}
        return cls(required=dict(groups.get("required") or {}), optional=dict(groups.get("optional") or {}))

    def choices(self, name: str) -> list[Any] | None:
        """An input's choices: `[[…], …]` in the old schema, `["COMBO", {"options": […]}]` in the new; else None."""
        match self.required.get(name) or self.optional.get(name):
            case [[*choices], *_] | ["COMBO", {"options": [*choices]}]:
                return choices
            case _:
                return None


def _ok(reply: HttpReply) -> HttpReply:
    if reply.status != HTTPStatus.OK:
        raise UnexpectedReply(f"ComfyUI answers {reply.status} {reply.excerpt()}")
    return reply


def _queue(body: dict[str, list[Any]]) -> Queue:
    """Each entry is [number, prompt id, …]; those that wait are a heap by number."""
    running, pending = (tuple(str(item[1]) for item in body[f"queue_{kind}"]) for kind in ("running", "pending"))
    return Queue(running=running, pending=pending)


def _system_stats(body: dict[str, Any]) -> SystemStats:
    device = body["devices"][0]
    total, free = (min(max(int(device[name]), 0), 2**53) for name in ("vram_total", "vram_free"))
    version, name = (
        text[:200].encode(errors="replace").decode() for text in (body["system"]["comfyui_version"], device["name"])
    )
    return SystemStats(version=version, device=name, vram_total=total, vram_free=free)
