"""What the client tells of its requests, for metrics."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from local_stack import free_port
from qwenedit_worker.comfyui import ComfyUI, ComfyUIUnavailable, OutOfMemory


async def test_each_request_is_told_by_its_route_without_ids_and_by_its_status(server, client) -> None:
    told: Counter[tuple[str, str]] = Counter()
    request = client.request()
    async with ComfyUI(server.url, workflows=[request.workflow], on_request=lambda *what: told.update([what])) as own:
        deadline = asyncio.get_running_loop().time() + 20
        await own.edit(request, on_progress=client.note, deadline=deadline)
    assert {route for route, _status in told} - {"queue"} == {"upload", "prompt", "view", "history"}
    assert {status for _route, status in told} == {"200"}
    assert told["prompt", "200"] == 1


async def test_memory_is_asked_to_be_freed_once_a_job_had_too_little(server, client, control) -> None:
    told: Counter[tuple[str, str]] = Counter()
    request = client.request()
    await control.fault("oom", at_step=1)
    async with ComfyUI(server.url, workflows=[request.workflow], on_request=lambda *what: told.update([what])) as own:
        with pytest.raises(OutOfMemory):
            await own.edit(request, on_progress=client.note, deadline=asyncio.get_running_loop().time() + 20)
    assert told["free", "200"] == 1


async def test_request_without_a_reply_is_told_as_such() -> None:
    told = []
    async with ComfyUI(
        f"http://127.0.0.1:{free_port()}", workflows=[], on_request=lambda *what: told.append(what)
    ) as absent:
        with pytest.raises(ComfyUIUnavailable):
            await absent.system_stats()
    assert told == [("system_stats", "none")]
