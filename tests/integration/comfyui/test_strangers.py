"""Servers that are no ComfyUI, or one that is beside itself: every wait is bounded, and every reply."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUI, EditRequest, UnexpectedReply
from qwenedit_worker.comfyui.protocol.transport import MAX_JSON


@pytest.fixture(autouse=True)
def hasty_clean_up(monkeypatch) -> None:
    """Nothing is to be cleaned up at a stranger's."""
    monkeypatch.setattr(timeouts, "CLEAN_UP", 0.1)


@asynccontextmanager
async def stranger(answer):
    """A server that reads a request's head and calls `answer` with the writer."""
    open_writers = []

    async def serve(reader, writer) -> None:
        open_writers.append(writer)
        try:
            while (await reader.readline()).strip() != b"":
                pass
            await answer(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        for writer in open_writers:
            writer.transport.abort()
        server.close()


async def edit(url: str, workflow, *, within: float) -> None:
    def ignore(_progress) -> None:
        pass

    async with ComfyUI(url, workflows=[workflow]) as comfyui:
        request = EditRequest(job_id="j", attempt=1, workflow=workflow, prompt="", images=(b"x",), seed=0)
        await comfyui.edit(request, on_progress=ignore, deadline=asyncio.get_running_loop().time() + within)


async def test_reply_without_end_is_cut_off(invert) -> None:
    async def flood(writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")
        while True:
            writer.write(b"0," * 2**15)
            await writer.drain()

    async with stranger(flood) as url:
        with pytest.raises(UnexpectedReply, match=f"larger than {MAX_JSON} bytes"):
            await edit(url, invert, within=20)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"name": 1}', b'"\xff'])
async def test_server_of_another_kind_is_recognised(invert, body) -> None:
    async def other(writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    async with stranger(other) as url:
        with pytest.raises(UnexpectedReply) as caught:
            await edit(url, invert, within=20)
    assert not caught.value.submitted
