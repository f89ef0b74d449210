"""A ComfyUI to hold the facts against: the simulator, or with COMFYUI_URL a real server.

A real server must run on this machine's CPU with `--max-upload-size 1` and `--preview-method none`.
COMFYUI_OUTPUT_DIR names its output directory for the fact that needs to delete a file. Its models folders may be
empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import random
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from PIL import Image

from comfyui_simulator.app import running
from comfyui_simulator.config import MEGABYTE, Config
from qwenedit_testkit.threads import on_a_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

STEP_SECONDS = 0.1
EDIT = Path(__file__).parents[3] / "services/comfyui/workflows/qwen-image-edit-2511-fast.json"


@dataclass(frozen=True)
class Events:
    """What a socket was told, in order."""

    socket: aiohttp.ClientWebSocketResponse
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def until(self, wanted: Callable[[dict[str, Any]], bool], *, seconds: float = 90) -> dict[str, Any]:
        """Read on until an event fits."""
        async with asyncio.timeout(seconds):
            while True:
                event: dict[str, Any] = await self.socket.receive_json()
                self.seen.append(event)
                if wanted(event):
                    return event

    async def until_end(self, prompt_id: str) -> None:
        """Read on to the last event of a prompt."""
        last = {"type": "executing", "node": None, "prompt_id": prompt_id}
        await self.until(lambda event: last.items() <= {**event["data"], "type": event["type"]}.items())

    async def for_a_while(self, seconds: float = 0.5) -> None:
        """Read what comes within some time."""
        with contextlib.suppress(TimeoutError):
            await self.until(lambda _: False, seconds=seconds)

    def kinds(self, prompt_id: str) -> list[str]:
        """Kinds of the events about a prompt, and of the `status` events."""
        return [
            event["type"] for event in self.seen if event["type"] == "status" or event["data"]["prompt_id"] == prompt_id
        ]


@dataclass(frozen=True)
class Comfy:
    """A server, spoken to by hand."""

    url: str
    session: aiohttp.ClientSession
    simulated: bool
    output_dir: Path | None

    async def upload(self, content: bytes, name: str = "photo.png", **fields: str) -> tuple[int, Any]:
        form = aiohttp.FormData()
        form.add_field("image", io.BytesIO(content), filename=name, content_type="image/png")
        for key, value in fields.items():
            form.add_field(key, value)
        async with self.session.post(f"{self.url}/upload/image", data=form) as answer:
            body = await answer.text()
            return answer.status, json.loads(body) if answer.status == 200 else body

    async def uploaded(self, size: tuple[int, int] = (96, 64)) -> str:
        """The name of a picture that nobody else uses."""
        status, answer = await self.upload(png(size), subfolder=f"test-{uuid.uuid4().hex}")
        assert status == 200
        return f"{answer['subfolder']}/{answer['name']}"

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self.session.post(f"{self.url}{path}", json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else text

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        async with self.session.get(f"{self.url}{path}", params=query) as answer:
            return answer.status, await answer.json() if "json" in answer.content_type else await answer.read()

    async def submit(self, graph: dict[str, Any], *, client_id: str | None = None) -> str:
        body: dict[str, Any] = {"prompt": graph, "prompt_id": str(uuid.uuid4())}
        if client_id is not None:
            body["client_id"] = client_id
        status, answer = await self.post("/prompt", body)
        assert status == 200, answer
        return str(answer["prompt_id"])

    async def begun(self, graph: dict[str, Any]) -> str:
        """Submit, and wait for the first node: until then a cancel can be forgotten."""
        client_id = uuid.uuid4().hex
        async with self.listening(client_id) as events:
            prompt_id = await self.submit(graph, client_id=client_id)
            await events.until(lambda event: event["type"] == "executing")
        return prompt_id

    async def job(self, prompt_id: str) -> dict[str, Any]:
        """What queue and history say of a prompt."""
        _, queue = await self.get("/queue")
        for key, status in (("queue_running", "in_progress"), ("queue_pending", "pending")):
            if any(entry[1] == prompt_id for entry in queue[key]):
                return {"status": status}
        _, history = await self.get(f"/history/{prompt_id}")
        if prompt_id not in history:
            return {"status": "unknown"}
        entry = history[prompt_id]
        said = dict(entry["status"]["messages"])
        failed = "cancelled" if "execution_interrupted" in said else "failed"
        status = "completed" if entry["status"]["status_str"] == "success" else failed
        return {"status": status, "outputs": entry["outputs"], "said": said}

    async def stop(self, prompt_id: str) -> None:
        """Cancel a prompt, whether it waits or runs."""
        await self.post("/queue", {"delete": [prompt_id]})
        if (await self.job(prompt_id))["status"] == "in_progress":
            await self.post("/interrupt", {"prompt_id": prompt_id})

    async def ended(self, prompt_id: str, *, seconds: float = 90) -> dict[str, Any]:
        """The job, once it is neither pending nor in progress."""
        async with asyncio.timeout(seconds):
            while (job := await self.job(prompt_id))["status"] not in {"completed", "failed", "cancelled"}:
                await asyncio.sleep(0.02)
        return job

    @contextlib.asynccontextmanager
    async def listening(self, client_id: str) -> AsyncIterator[Events]:
        async with self.session.ws_connect(f"{self.url}/ws", params={"clientId": client_id}) as socket:
            events = Events(socket)
            await events.until(lambda event: event["type"] == "status" and event["data"].get("sid") == client_id)
            events.seen.clear()
            yield events

    async def slow_graph(self) -> dict[str, Any]:
        """A graph that takes long, to be cancelled: pretended sampling here, real blurring there."""
        name = await self.uploaded((1024, 1024))
        if self.simulated:
            return edit_graph(name, steps=400)
        return invert_graph(name, size=512, blurs=50)  # an interrupt acts between nodes: many, each soon done


def png(size: tuple[int, int] = (96, 64)) -> bytes:
    """A picture like no other."""
    content = io.BytesIO()
    color = tuple(random.randbytes(3))  # noqa: S311  # a colour, not a secret
    Image.new("RGB", size, color).save(content, "PNG")
    return content.getvalue()


def invert_graph(name: str, *, size: int = 64, blurs: int = 0) -> dict[str, Any]:
    """A graph without a model, which a real ComfyUI runs on a CPU too."""
    graph: dict[str, Any] = {
        "load": {"class_type": "LoadImage", "inputs": {"image": name}},
        "scale": {
            "class_type": "ImageScale",
            "inputs": {"image": ["load", 0], "upscale_method": "bilinear", "crop": "disabled"}
            | {"width": size, "height": size},
        },
        "invert": {"class_type": "ImageInvert", "inputs": {"image": ["scale", 0]}},
    }
    last = "invert"
    for count in range(blurs):
        inputs = {"image": [last, 0], "blur_radius": 9, "sigma": 1 + count / 10}
        last = f"blur{count}"
        graph[last] = {"class_type": "ImageBlur", "inputs": inputs}
    prefix = f"test-{uuid.uuid4().hex}/1"
    graph["save"] = {"class_type": "SaveImage", "inputs": {"images": [last, 0], "filename_prefix": prefix}}
    return graph


def edit_graph(name: str, *, steps: int) -> dict[str, Any]:
    """Return the production workflow with this picture and so many steps."""
    graph: dict[str, Any] = json.loads(EDIT.read_text())
    for node in graph.values():
        values = {"LoadImage": {"image": name}, "KSampler": {"steps": steps}}
        node["inputs"] |= values.get(node["class_type"], {})
    return graph


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bool, Path | None]]:
    """Address of the server that all the facts are held against, whether it is simulated, and where it writes."""
    if url := os.environ.get("COMFYUI_URL"):
        output = os.environ.get("COMFYUI_OUTPUT_DIR")
        yield url.rstrip("/"), False, Path(output) if output else None
        return
    data_dir = tmp_path_factory.mktemp("comfyui")
    config = Config(data_dir=data_dir, port=0, step_seconds=STEP_SECONDS, max_upload_bytes=MEGABYTE)
    with on_a_thread(lambda: running(config)) as url:
        yield url, True, data_dir / "output"


@pytest.fixture
async def comfy(target: tuple[str, bool, Path | None]) -> AsyncIterator[Comfy]:
    """The server under test: real with COMFYUI_URL, else simulated."""
    url, simulated, output_dir = target
    async with aiohttp.ClientSession() as session:
        yield Comfy(url, session, simulated=simulated, output_dir=output_dir)


@pytest.fixture
def new_png() -> Callable[..., bytes]:
    return png


@pytest.fixture
def invert() -> Callable[..., dict[str, Any]]:
    return invert_graph
