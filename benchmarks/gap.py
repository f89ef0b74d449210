"""How long a ComfyUI idles between two jobs while more of them wait.

The idle time lasts from the end of one execution to the start of the next. Both moments are ComfyUI's own (its clock,
whole milliseconds). The same model-free graph is executed in three ways, each picture unlike the others:

- the worker's own loop: a Redis of its own, claim, upload, submit, follow, fetch, hand in, clean up;
- by hand: upload, submit, wait on the websocket, fetch, delete, and again; no queue, no checks;
- ComfyUI's own queue: all pictures uploaded and all prompts submitted beforehand.

The script also compares the calls of an edit over one HTTP session with those over a session each.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import shutil
import statistics
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from qwenedit_jobs import (
    JobQueue,
    Limits,
)
from qwenedit_testkit import ROOT
from qwenedit_testkit.by_hand.bot import by_hand as by_hand_of_bot
from qwenedit_testkit.by_hand.worker_loop import working
from qwenedit_testkit.comfyui_server import WHICH, Server, comfyui, machine
from qwenedit_testkit.photos import plain
from qwenedit_testkit.programs import command_line, whole
from qwenedit_testkit.redis import redis_server
from qwenedit_testkit.waiting import eventually
from qwenedit_worker.comfyui import ComfyUI, Workflow
from qwenedit_worker.comfyui.protocol.api import Api
from qwenedit_worker.comfyui.protocol.history import Record
from qwenedit_worker.loop.editor import ComfyUIEditor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from qwenedit_worker.comfyui.protocol.history import Unfinished

WORKFLOWS = ROOT / "services/comfyui/workflows"
WORKFLOW = Workflow.load(WORKFLOWS / "invert-model-free.json")
COLOURS = itertools.count(int(time.time()) % 2**24)
LOOK = 0.05
PATIENCE = 3600.0
ROUNDS = 100

Span = tuple[int, int]
"""Start and end of an execution, in ComfyUI's milliseconds."""


def photo() -> bytes:
    """A picture like no other, so that nothing is answered from ComfyUI's cache."""
    return plain(next(COLOURS) % 2**24, size=(512, 512), kind="PNG")


def span(messages: Mapping[str, Mapping[str, Any]]) -> Span:
    """Read an execution's start and end from its record."""
    return messages["execution_start"]["timestamp"], messages["execution_success"]["timestamp"]


class Spans:
    """Notes each execution that the worker's client hears of."""

    def __init__(self) -> None:
        self.seen: dict[str, Span] = {}
        self._ask = Api.prompt_status

    def watch(self) -> None:
        """Look over the client's shoulder from now on."""
        ask, seen = self._ask, self.seen

        async def prompt_status(api: Api, prompt_id: str) -> Record | Unfinished:
            found = await ask(api, prompt_id)
            if isinstance(found, Record) and "execution_success" in found.messages:
                seen[prompt_id] = span(found.messages)
            return found

        Api.prompt_status = prompt_status  # type: ignore[method-assign,assignment]


async def by_worker(server: Server, jobs: int) -> list[Span]:
    """Let the worker's loop work a backlog off."""
    spans = Spans()
    spans.watch()
    async with redis_server(persistent=True) as redis, by_hand_of_bot(redis.url) as bot:
        limits = Limits(max_unfinished_per_user=jobs, max_queue_length=jobs)
        for number in range(jobs):
            await bot.ask(number, photo(), limits)
        async with ComfyUI(server.url, workflows=[WORKFLOW], folders=server.folders) as client:
            editor = ComfyUIEditor(client, default=WORKFLOW, folder=WORKFLOWS)
            async with working(redis.url, queue=JobQueue, editor=editor, server=client):
                await eventually(lambda: len(spans.seen) >= jobs, within=PATIENCE)
    return sorted(spans.seen.values())


async def by_hand(url: str, jobs: int) -> list[Span]:
    """Feed one job after the other."""
    spans = []
    client_id = uuid.uuid4().hex
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws?clientId={client_id}") as socket:
        for number in range(jobs):
            prompt_id = await _submit(session, url, await _upload(session, url, number), client_id)
            async for frame in socket:
                data = json.loads(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else {}
                about = data.get("data", {})
                if data.get("type") == "executing" and about["node"] is None and about.get("prompt_id") == prompt_id:
                    break
            spans.append(await _fetched(session, url, prompt_id))
    return spans


async def by_queue(url: str, jobs: int) -> list[Span]:
    """Submit everything, and read the records afterwards."""
    async with aiohttp.ClientSession() as session:
        names = [await _upload(session, url, number) for number in range(jobs)]
        prompts = [await _submit(session, url, name, uuid.uuid4().hex) for name in names]
        while True:
            async with session.get(f"{url}/prompt") as answer:
                if (await answer.json())["exec_info"]["queue_remaining"] == 0:
                    break
            await asyncio.sleep(LOOK)
        return [await _fetched(session, url, prompt_id) for prompt_id in prompts]


async def _upload(session: aiohttp.ClientSession, url: str, number: int) -> str:
    form = aiohttp.FormData()
    form.add_field("image", photo(), filename=f"{number}.png")
    form.add_field("subfolder", f"gap-{uuid.uuid4().hex[:8]}")
    async with session.post(f"{url}/upload/image", data=form) as answer:
        stored = await answer.json()
    return f"{stored['subfolder']}/{stored['name']}"


async def _submit(session: aiohttp.ClientSession, url: str, name: str, client_id: str) -> str:
    bound = WORKFLOW.bind(images=[name], prompt="", seed=0, prefix=f"gap/{uuid.uuid4().hex[:8]}")
    async with session.post(f"{url}/prompt", json={"prompt": bound.graph, "client_id": client_id}) as answer:
        return str((await answer.json())["prompt_id"])


async def _fetched(session: aiohttp.ClientSession, url: str, prompt_id: str) -> Span:
    async with session.get(f"{url}/history/{prompt_id}") as answer:
        entry = (await answer.json())[prompt_id]
    [picture] = next(iter(entry["outputs"].values()))["images"]
    async with session.get(f"{url}/view", params=picture) as answer:
        await answer.read()
    async with session.post(f"{url}/history", json={"delete": [prompt_id]}):
        pass
    return span(dict(entry["status"]["messages"]))


async def pooled_and_not(url: str, rounds: int) -> tuple[float, float]:
    """Median milliseconds of the calls of one edit, over one session for all and over a session each, by turns."""
    pooled, single = [], []
    async with aiohttp.ClientSession() as shared:
        for _ in range(rounds):
            picture = photo()
            began = time.perf_counter()
            for call in _calls_of_an_edit(url, picture):
                await call(shared)
            between = time.perf_counter()
            for call in _calls_of_an_edit(url, picture):
                async with aiohttp.ClientSession() as session:
                    await call(session)
            pooled.append((between - began) * 1000)
            single.append((time.perf_counter() - between) * 1000)
    return statistics.median(pooled), statistics.median(single)


def _calls_of_an_edit(url: str, picture: bytes) -> Iterator[Callable[[aiohttp.ClientSession], Awaitable[None]]]:
    """What an edit asks, without an execution: upload, submit (an empty graph, refused), look twice, fetch, delete."""
    form = aiohttp.FormData({"subfolder": "gap-pooled", "overwrite": "true"})
    form.add_field("image", picture, filename="picture.png")
    unknown = str(uuid.uuid4())
    view = {"filename": "picture.png", "subfolder": "gap-pooled", "type": "input"}
    for method, path, content in (
        ("POST", "/upload/image", {"data": form}),
        ("POST", "/prompt", {"json": {"prompt": {}}}),
        ("GET", f"/history/{unknown}", {}),
        ("GET", "/queue", {}),
        ("GET", "/view", {"params": view}),
        ("POST", "/history", {"json": {"delete": [unknown]}}),
    ):
        yield partial(_call, method, url + path, content)


async def _call(method: str, url: str, content: Mapping[str, Any], session: aiohttp.ClientSession) -> None:
    async with session.request(method, url, **content) as answer:
        await answer.read()


async def main() -> None:
    """Measure and print."""
    parser = command_line((__doc__ or "") + WHICH)
    parser.add_argument("--jobs", type=whole(), default=200)
    jobs: int = parser.parse_args().jobs
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with comfyui() as server:
        print(f"{server.name}, {machine()}")
        for name, feed in (
            ("ComfyUI's own queue", by_queue(server.url, jobs)),
            ("by hand", by_hand(server.url, jobs)),
            ("the worker", by_worker(server, jobs)),
        ):
            spans = await feed
            gaps = [after[0] - before[1] for before, after in itertools.pairwise(spans)]
            percentiles = statistics.quantiles(gaps, n=100)
            executions = statistics.median(end - start for start, end in spans)
            print(
                f"{name:20} gap p50 {percentiles[49]:6.1f} ms  p99 {percentiles[98]:6.1f} ms  "
                f"(execution p50 {executions:.0f} ms, {jobs} jobs)",
                flush=True,
            )
        pooled, single = await pooled_and_not(server.url, ROUNDS)
        print(
            f"the six calls of an edit over one session {pooled:.1f} ms, over a session each {single:.1f} ms: "
            f"ratio {single / pooled:.2f} ({ROUNDS} rounds by turns)"
        )
        for folder in (server.folders.input, server.folders.output):
            for left in folder.glob("gap*"):
                shutil.rmtree(left)


if __name__ == "__main__":
    asyncio.run(main())
