"""ComfyUI's HTTP endpoints, one method each, with their replies read into types."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp

from qwenedit_worker.comfyui.errors import PictureTooLarge, UnexpectedReply, WorkflowRejected
from qwenedit_worker.comfyui.protocol.history import OutputFile, PromptState, PromptStatus, Record
from qwenedit_worker.comfyui.protocol.rejection import rejection
from qwenedit_worker.comfyui.protocol.transport import MAX_PICTURE, REQUEST_TIMEOUT, SILENCE, TRANSFER_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qwenedit_worker.comfyui.protocol.transport import Reply, Transport
    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow

_STATES = {"pending": PromptState.PENDING, "in_progress": PromptState.RUNNING}
_FINISHED = frozenset({"completed", "failed", "cancelled"})
MAX_NAME = 200
"""Characters of a version's or a device's name."""
MAX_BYTES = 2**53
"""Of memory; what every reader of a figure takes."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Prompt ids inside ComfyUI."""

    running: tuple[str, ...]
    pending: tuple[str, ...]


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
    """ComfyUI's endpoints. Every method raises ComfyUIUnavailable where there is no sane reply."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def upload(self, picture: bytes, *, folder: str, name: str) -> str:
        """Store a picture in the server's input folder, and return its name as LoadImage takes it.

        Raises:
            PictureTooLarge: it is above the server's upload limit.
        """

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData()
            # A file is sent piece by piece; bytes of megabytes at once would hold up everything else.
            data.add_field("image", io.BytesIO(picture), filename=name, content_type="application/octet-stream")
            for key, value in (("type", "input"), ("subfolder", folder), ("overwrite", "true")):
                data.add_field(key, value)
            return data

        reply = await self._transport.post("/upload/image", form=form, within=TRANSFER_TIMEOUT)
        if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise PictureTooLarge(f"ComfyUI takes no picture of {len(picture)} bytes")
        match _ok("POST /upload/image", reply).json():
            case {"name": str(stored), "subfolder": str(subfolder)}:
                return f"{subfolder}/{stored}" if subfolder else stored
            case other:
                raise UnexpectedReply(f"POST /upload/image: {other!r:.200}")

    async def submit(self, bound: BoundWorkflow, *, prompt_id: str, client_id: str) -> None:
        """Queue a prompt under an id of ours. Not idempotent.

        Never sends `number`: the same id and number twice kill ComfyUI's executor.

        Raises:
            ModelMissing, WorkflowRejected: the server refuses the graph.
        """
        body = {"prompt": bound.graph, "prompt_id": prompt_id, "client_id": client_id}
        reply = await self._transport.post("/prompt", json=body)
        refusal = reply.status == HTTPStatus.BAD_REQUEST
        answer = reply.json() if refusal else _ok("POST /prompt", reply).json()
        with _reading("POST /prompt"):
            refused = rejection(answer, bound)
        if refusal:
            raise refused or WorkflowRejected(f"POST /prompt: 400 {reply.excerpt()}")
        if refused:
            # The outputs without errors are queued nevertheless.
            raise refused
        if answer.get("prompt_id") != prompt_id:
            raise UnexpectedReply(f"POST /prompt: queued under another id: {reply.excerpt()}", submitted=True)

    async def prompt_status(self, prompt_id: str) -> PromptStatus:
        """Where the prompt stands."""
        reply = await self._transport.get(f"/api/jobs/{prompt_id}")
        if reply.status == HTTPStatus.OK and reply.is_json:
            match reply.json():
                case {"status": str(status), "outputs": outputs, **rest} if status in _FINISHED:
                    return PromptStatus(PromptState.FINISHED, Record.parse(outputs, rest.get("execution_status")))
                case {"status": str(status)} if status in _STATES:
                    return PromptStatus(_STATES[status])
        if reply.status == HTTPStatus.NOT_FOUND and reply.is_json:
            return PromptStatus(PromptState.UNKNOWN)
        return await self._prompt_status_before_jobs(prompt_id)  # the endpoint is missing, or broken

    async def _prompt_status_before_jobs(self, prompt_id: str) -> PromptStatus:
        # In this order: a prompt moves from the queue to the history, so it cannot slip through between the two.
        queue = await self.queue()
        if prompt_id in queue.running:
            return PromptStatus(PromptState.RUNNING)
        if prompt_id in queue.pending:
            return PromptStatus(PromptState.PENDING)
        reply = _ok("GET /history", await self._transport.get(f"/history/{prompt_id}"))
        match reply.json():
            case {**entries} if not entries:
                return PromptStatus(PromptState.UNKNOWN)
            case {**entries} if isinstance(entry := entries.get(prompt_id), dict):
                return PromptStatus(PromptState.FINISHED, Record.parse(entry.get("outputs"), entry.get("status")))
            case other:
                raise UnexpectedReply(f"GET /history/{prompt_id}: {other!r:.200}")

    async def cancel(self, prompt_id: str) -> None:
        """Take a prompt out of the queue, or interrupt it. A finished or unknown one is left alone."""
        reply = await self._transport.post(f"/api/jobs/{prompt_id}/cancel", json={})
        if reply.status != HTTPStatus.OK:  # before 0.26
            _ok("POST /queue", await self._transport.post("/queue", json={"delete": [prompt_id]}))
            if prompt_id in (await self.queue()).running:  # old versions interrupt whatever runs
                _ok("POST /interrupt", await self._transport.post("/interrupt", json={"prompt_id": prompt_id}))

    async def forget(self, prompt_id: str) -> None:
        """Delete a history entry. ComfyUI keeps 10,000 of them, with their whole prompts, in memory."""
        _ok("POST /history", await self._transport.post("/history", json={"delete": [prompt_id]}))

    async def free(self) -> None:
        """Ask the executor to unload all models and drop its caches, before whatever it does next."""
        _ok("POST /free", await self._transport.post("/free", json={"unload_models": True, "free_memory": True}))

    async def view(self, file: OutputFile) -> bytes | None:
        """Fetch an output; None where the file is not there.

        Raises:
            TooLargeError: it is larger than `MAX_PICTURE`.
        """
        params = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        reply = await self._transport.get(
            "/view", params=params, limit=MAX_PICTURE, within=TRANSFER_TIMEOUT, silence=SILENCE
        )
        return None if reply.status == HTTPStatus.NOT_FOUND else _ok("GET /view", reply).body

    async def queue(self, *, within: float = REQUEST_TIMEOUT) -> Queue:
        """Ids of the prompts that run and wait."""
        match _ok("GET /queue", await self._transport.get("/queue", within=within)).json():
            case {"queue_running": [*running], "queue_pending": [*pending]}:
                with _reading("GET /queue"):
                    return Queue(running=_ids(running), pending=_ids(sorted(pending, key=_number)))
            case other:
                raise UnexpectedReply(f"GET /queue: {other!r:.200}")

    async def system_stats(self, *, within: float = REQUEST_TIMEOUT) -> SystemStats:
        """Version and GPU; without a GPU the memory is the machine's."""
        match _ok("GET /system_stats", await self._transport.get("/system_stats", within=within)).json():
            case {
                "system": {"comfyui_version": str(version)},
                "devices": [{"name": str(name), "vram_total": int(total), "vram_free": int(free)}, *_],
            }:
                return SystemStats(
                    version=_words(version), device=_words(name), vram_total=_size(total), vram_free=_size(free)
                )
            case other:
                raise UnexpectedReply(f"GET /system_stats: {other!r:.200}")

    async def models(self, folder: str) -> frozenset[str]:
        """Names of the files in a model folder; empty where there is no such folder."""
        reply = await self._transport.get(f"/models/{quote(folder)}")
        if reply.status == HTTPStatus.NOT_FOUND:
            return frozenset()
        match _ok("GET /models", reply).json():
            case [*names]:
                return frozenset(name for name in names if isinstance(name, str))
            case other:
                raise UnexpectedReply(f"GET /models/{folder}: {other!r:.200}")

    async def node(self, class_type: str) -> dict[str, Any] | None:
        """Return a node class's description, as `/object_info` gives it; None where there is no such class."""
        reply = _ok("GET /object_info", await self._transport.get(f"/object_info/{quote(class_type, safe='')}"))
        match reply.json():
            case {**classes} if isinstance(found := classes.get(class_type), dict) and _describes_inputs(found):
                return found
            case {**classes} if not classes:
                return None
            case other:
                raise UnexpectedReply(f"GET /object_info/{class_type}: {other!r:.200}")


def _ok(what: str, reply: Reply) -> Reply:
    if reply.status != HTTPStatus.OK:
        raise UnexpectedReply(f"{what}: {reply.status} {reply.excerpt()}")
    return reply


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Take a reply that is JSON of another shape for no reply of ComfyUI's.

    Raises:
        UnexpectedReply: it is.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise UnexpectedReply(f"{what}: not as ComfyUI writes it: {error!r:.200}") from error


def _describes_inputs(node: dict[str, Any]) -> bool:
    """Whether a node class's description has its inputs by name, in groups."""
    groups = node.get("input")
    return groups is None or (
        isinstance(groups, dict)
        and all(isinstance(groups.get(group), dict | None) for group in ("required", "optional"))
    )


def _number(item: Any) -> float:
    return float(item[0])


def _ids(items: Iterable[Any]) -> tuple[str, ...]:
    """A queue's entry is [number, prompt id, …]."""
    return tuple(str(item[1]) for item in items)


def _words(text: str) -> str:
    return text[:MAX_NAME].encode(errors="replace").decode()


def _size(number: int) -> int:
    return min(max(number, 0), MAX_BYTES)
