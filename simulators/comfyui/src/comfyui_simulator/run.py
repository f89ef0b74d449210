"""One run of one prompt: its nodes in order, and the events that the real server sends of them.

Without a client id, progress goes to every socket and nearly everything else to none, as on the real server.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from comfyui_simulator.faults import OF_SERVER, Fault, FaultName, Faults
from comfyui_simulator.nodes import nodes
from comfyui_simulator.nodes.graph import ancestors_first, is_link
from comfyui_simulator.nodes.nodes import NodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comfyui_simulator.config import Config
    from comfyui_simulator.files import Files
    from comfyui_simulator.prompts import Prompt
    from comfyui_simulator.sockets import Sockets

OOM_TYPE = "torch.OutOfMemoryError"
OOM_MESSAGE = (
    "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
    "This error means you ran out of memory on your GPU."
)
SLOW_LOAD_SECONDS = 10.0


class Interrupted(Exception):  # noqa: N818  # an ending, not an error
    """Somebody interrupted the running prompt."""


class Vanished(Exception):  # noqa: N818  # an ending, not an error
    """The running prompt disappears: no event, no history."""


@dataclass(frozen=True)
class Result:
    """A node's outputs, and what it shows (`ui`): files it saved."""

    outputs: tuple[Any, ...]
    shown: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What every run of one life of the server shares.

    Attributes:
        strike: Carries out a fault of the server as a whole.
        interrupt: Set by whoever interrupts the running prompt.
        cache: Results of nodes by signature: a repeated graph isn't computed again, even if its file is gone.
        loaded: Names of the model files in the pretended GPU's memory.
    """

    config: Config
    files: Files
    faults: Faults
    sockets: Sockets
    strike: Callable[[Fault], None]
    interrupt: asyncio.Event = field(default_factory=asyncio.Event)
    cache: dict[str, Result] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)


class Run:
    """Runs a prompt."""

    def __init__(self, prompt: Prompt, shared: RunContext) -> None:
        self._prompt = prompt
        self._graph = prompt.graph
        self._shared = shared
        self._signatures: dict[str, str] = {}
        self._results: dict[str, Result] = {}
        self._outputs: dict[str, Any] = {}
        self._node_id: str | None = None
        self._messages: list[tuple[str, dict[str, Any]]] = []

    async def run(self) -> dict[str, Any]:
        """Compute the prompt's outputs; returns what the history keeps of it.

        An earlier interrupt is forgotten, as on the real server, even if the prompt had left the queue by then. So a
        cancel may be answered with success, and yet the prompt runs to its end.

        Raises:
            Vanished: A fault wants it to leave no trace.
        """
        self._shared.interrupt.clear()
        self._tell("execution_start")
        try:
            await self._compute()
        except Interrupted:
            self._tell("execution_interrupted", self._where(), to_all=True)
            return self._outcome("error")
        except NodeError as failure:
            self._tell("execution_error", self._where(failure))
            return self._outcome("error")
        if self._take(FaultName.SUCCESS_WITH_ERROR):
            self._outputs.clear()
            blocked = NodeError("Execution Blocked: simulated", exception_type="ExecutionBlocked")
            self._tell("execution_error", self._where(blocked))
        if self._take(FaultName.MISSING_OUTPUT):
            self._outputs.clear()
        self._tell("execution_success")
        return self._outcome("success")

    def end(self) -> None:
        """Send the last event, after the history is written."""
        self._tell_client("executing", {"node": None})

    async def _compute(self) -> None:
        cache, targets = self._shared.cache, self._prompt.targets
        for node_id in ancestors_first(self._graph, targets):
            self._signatures[node_id] = self._signature(node_id)
        known = {node_id: cache[each] for node_id, each in self._signatures.items() if each in cache}
        self._tell("execution_cached", {"nodes": [node_id for node_id in self._graph if node_id in known]})
        self._results = dict(known)
        for node_id in ancestors_first(self._graph, targets, known):
            if node_id in known:
                self._show(node_id)
            else:
                await self._execute(node_id)
            self._tell_state()

    async def _execute(self, node_id: str) -> None:
        self._node_id = node_id
        await self._strike(None)
        self._check()
        self._tell_state()
        self._tell_client("executing", {"node": node_id, "display_node": node_id})
        kind = self._graph[node_id]["class_type"]
        inputs = {name: self._resolve(value) for name, value in self._graph[node_id]["inputs"].items()}
        shown: dict[str, Any] = {}
        if kind == "LoadImage":
            outputs = await asyncio.to_thread(nodes.load_image, self._shared.files.input_path(inputs["image"]))
        else:
            if kind in ("UNETLoader", "KSampler"):
                await self._load(str(inputs.get("unet_name") or inputs["model"]))
            outputs = await asyncio.to_thread(nodes.run, kind, inputs)
        if kind == "KSampler":
            for step in range(1, inputs["steps"] + 1):
                await self._step(step, inputs["steps"])
        elif kind == "SaveImage":
            shown = {"images": [await self._save(outputs[0], inputs["filename_prefix"])]}
        self._results[node_id] = self._shared.cache[self._signatures[node_id]] = Result(outputs, shown)
        self._show(node_id)

    async def _load(self, model: str) -> None:
        """Take the time of loading a model, unless it is loaded."""
        if fault := self._take(FaultName.SLOW_LOAD):
            await asyncio.sleep(fault.lasts(SLOW_LOAD_SECONDS))
        elif model not in self._shared.loaded:
            await asyncio.sleep(self._shared.config.load_seconds)
        if self._take(FaultName.OOM_LOADING):
            self._shared.loaded.clear()
            raise NodeError(OOM_MESSAGE, exception_type=OOM_TYPE)
        self._shared.loaded.add(model)

    async def _step(self, step: int, steps: int) -> None:
        try:
            async with asyncio.timeout(self._shared.config.step_seconds):
                await self._shared.interrupt.wait()
        except TimeoutError:
            pass
        self._check()
        self._tell_state()
        told = {"value": step, "max": steps, "prompt_id": self._prompt.id, "node": self._node_id}
        self._shared.sockets.send("progress", told, self._prompt.client_id)
        await self._strike(step)
        self._check()

    async def _save(self, picture: Any, prefix: str) -> dict[str, str]:
        graph = json.dumps(self._graph) if self._take(FaultName.METADATA) else None
        saved = await asyncio.to_thread(self._shared.files.save, picture, prefix=prefix, graph=graph)
        path = self._shared.files.locate("output", saved["subfolder"], saved["filename"])
        if path is not None and (fault := self._take(FaultName.OTHER_OUTPUT)):
            shutil.copyfile(fault.file, path)
        return saved

    async def _strike(self, step: int | None) -> None:
        """Let the armed faults of this moment happen."""
        if step is not None:
            for name in OF_SERVER:
                if fault := self._take(name, step=step):
                    self._shared.strike(fault)
                    await asyncio.sleep(0)  # in which a restart or a killed executor ends this run
        if fault := self._take(FaultName.HANG, step=step):
            await (self._shared.faults.until_cleared() if fault.seconds is None else asyncio.sleep(fault.seconds))
        if self._take(FaultName.INTERRUPT, step=step):
            raise Interrupted
        if self._take(FaultName.VANISH, step=step):
            raise Vanished
        if self._take(FaultName.OOM, step=step):
            self._shared.loaded.clear()
            raise NodeError(OOM_MESSAGE, exception_type=OOM_TYPE)
        if fault := self._take(FaultName.EXECUTION_ERROR, step=step):
            raise NodeError(fault.message)

    def _take(self, name: FaultName, *, step: int | None = None) -> Fault | None:
        return self._shared.faults.take(name, step=step, about=self._prompt.about)

    def _check(self) -> None:
        if self._shared.interrupt.is_set():
            self._shared.interrupt.clear()
            raise Interrupted

    def _signature(self, node_id: str) -> str:
        """Return what decides whether a node must run again: its class and inputs, those of all before it, its file."""
        node = self._graph[node_id]
        inputs = {
            name: [self._signatures[value[0]], value[1]] if is_link(value) else value
            for name, value in node["inputs"].items()
        }
        content = self._shared.files.fingerprint(str(inputs["image"])) if node["class_type"] == "LoadImage" else ""
        return hashlib.sha256(json.dumps([node["class_type"], inputs, content], sort_keys=True).encode()).hexdigest()

    def _resolve(self, value: Any) -> Any:
        return self._results[value[0]].outputs[value[1]] if is_link(value) else value

    def _show(self, node_id: str) -> None:
        if shown := self._results[node_id].shown:
            self._outputs[node_id] = shown
            self._tell_client("executed", {"node": node_id, "display_node": node_id, "output": shown})

    def _tell(self, event: str, data: Mapping[str, Any] | None = None, *, to_all: bool = False) -> None:
        """Send an event that the history keeps too."""
        stamped = {"prompt_id": self._prompt.id, **(data or {}), "timestamp": int(time.time() * 1000)}
        self._messages.append((event, stamped))
        if self._prompt.client_id is not None or to_all:
            self._shared.sockets.send(event, stamped, self._prompt.client_id)

    def _tell_client(self, event: str, data: Mapping[str, Any]) -> None:
        if self._prompt.client_id is not None:
            self._shared.sockets.send(event, {**data, "prompt_id": self._prompt.id}, self._prompt.client_id)

    def _tell_state(self) -> None:
        """Send the event that the real server fills with the progress of each node; nobody reads it."""
        self._shared.sockets.send("progress_state", {"prompt_id": self._prompt.id, "nodes": {}}, self._prompt.client_id)

    def _outcome(self, status: str) -> dict[str, Any]:
        said = {"status_str": status, "completed": status == "success", "messages": self._messages}
        return {"outputs": self._outputs, "status": said}

    def _where(self, failure: NodeError | None = None) -> dict[str, Any]:
        kind = self._graph[self._node_id]["class_type"] if self._node_id else None
        said = {"exception_message": f"{failure}\n", "exception_type": failure.exception_type} if failure else {}
        return {"node_id": self._node_id, "node_type": kind, **said}
