"""One run of one prompt, in the executor's thread."""

from __future__ import annotations

import json
import os
import shutil
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from comfyui_simulator.common.errors import Interrupted, Killed, NodeError, Stopped, Vanished
from comfyui_simulator.common.faults import Fault, FaultName, Faults
from comfyui_simulator.execution.cache import Cache, signatures
from comfyui_simulator.execution.events import EventSink, PromptEvents
from comfyui_simulator.execution.queue import Prompt, PromptOutcome
from comfyui_simulator.nodes import nodes
from comfyui_simulator.nodes.graph import Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from comfyui_simulator.common.config import Config
    from comfyui_simulator.common.files import Files
    from comfyui_simulator.execution.stop_signals import StopSignals
    from comfyui_simulator.nodes.graph import Node
    from comfyui_simulator.nodes.values import Model

OOM_TYPE = "torch.OutOfMemoryError"
OOM_MESSAGE = (
    "Allocation on device 0 would exceed allowed memory. (out of memory)\n"
    "This error means you ran out of memory on your GPU."
)
SLOW_LOAD_SECONDS = 10.0
IGNORED_INTERRUPT_SECONDS = 5.0
LATE_HISTORY_SECONDS = 1.0
LOOK = 0.1
"""Seconds between a hanging prompt's looks whether the faults have been cleared."""


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What every run of one life of the server shares.

    Attributes:
        loaded: Names of the model files in the pretended GPU's memory.
        server_fault: Carries out a fault of the server as a whole, from any thread.
    """

    config: Config
    files: Files
    faults: Faults
    pace: StopSignals
    cache: Cache
    wire: EventSink
    loaded: set[str]
    server_fault: Callable[[FaultName, float | None], None]


def load_models_gpu() -> NoReturn:
    """Fail as ComfyUI's function of this name does, which the traceback names."""
    raise NodeError(OOM_MESSAGE, exception_type=OOM_TYPE)


class Run:
    """Runs a prompt. Implements `nodes.NodeContext` for the node that is at work."""

    def __init__(self, prompt: Prompt, shop: RunContext) -> None:
        self._prompt = prompt
        self._shop = shop
        self._about = f"{prompt.text}\n{prompt.prefix}\n{prompt.id}"
        self._results: dict[str, nodes.Result] = {}
        self._signatures: dict[str, str] = {}
        self._executed: list[str] = []
        self._outputs: dict[str, Any] = {}
        self._node: Node | None = None
        self.files = shop.files
        self.tell = PromptEvents(prompt, shop.wire)

    def begin(self) -> None:
        """Become the prompt that an interrupt hits.

        An earlier interrupt is forgotten, as on the real server, even if the prompt had left the queue by then. So a
        cancel may be answered with success, and yet the prompt runs to its end.
        """
        deaf = self._take(FaultName.IGNORE_INTERRUPT)
        self._shop.pace.begin(ignore_interrupts_for=(deaf.seconds or IGNORED_INTERRUPT_SECONDS) if deaf else 0.0)

    def run(self) -> PromptOutcome:
        """Compute the prompt's outputs.

        Raises:
            Vanished: A fault wants it to leave no trace.
            Stopped: The server is over.
        """
        self.tell.message("execution_start")
        try:
            self._compute()
        except Interrupted:
            self.tell.message("execution_interrupted", self._where(), to_all=True)
            return self._outcome("error")
        except NodeError as failure:
            self.tell.message("execution_error", self._where() | self._what(failure))
            return self._outcome("error")
        return self._ending()

    def load(self, model: Model) -> None:
        """See `nodes.NodeContext`."""
        base = model.files[0]
        fault = self._shop.faults.take(FaultName.SLOW_LOAD, about=self._about)
        if fault is not None:
            self._shop.pace.pause(fault.seconds or SLOW_LOAD_SECONDS, interruptible=False)
        elif base not in self._shop.loaded:
            self._shop.pace.pause(self._shop.config.load_seconds, interruptible=False)
        if self._take(FaultName.OOM_LOADING):
            self._shop.loaded.clear()
            load_models_gpu()
        self._shop.loaded.add(base)

    def save(self, picture: Image.Image, *, kind: str, prefix: str) -> dict[str, str]:
        """See `nodes.NodeContext`."""
        graph = json.dumps(self._prompt.raw) if self._take(FaultName.METADATA) else None
        return self._shop.files.save(picture, kind=kind, prefix=prefix, graph=graph)

    def step(self, value: int, total: int) -> None:
        """See `nodes.NodeContext`."""
        self._shop.pace.pause(self._shop.config.step_seconds)
        if self._node is not None:
            self.tell.step(self._node, value, total)
        self._strike(value)
        self._shop.pace.check()

    def _compute(self) -> None:
        graph, cache = self._prompt.graph, self._shop.cache
        self._signatures = signatures(graph, self._shop.files.fingerprint)
        known = {node_id: cache.get(signature) for node_id, signature in self._signatures.items()}
        cached = [node_id for node_id in self._prompt.raw if known.get(node_id) is not None]
        self.tell.message("execution_cached", {"nodes": cached})
        self._results = {node_id: result for node_id, result in known.items() if result is not None}
        for node in graph.ancestors_first(finished=lambda node_id: node_id in self._results):
            if (result := known[node.id]) is not None:
                self._show(node, result)
            else:
                self._execute(node)
            self.tell.node_ends(node)

    def _execute(self, node: Node) -> None:
        self._node = node
        self._strike(None)
        self._shop.pace.check()
        self.tell.node_starts(node)
        values = {name: self._resolve(value) for name, value in node.inputs.items()}
        if node.class_type == "SaveImage" and self._take(FaultName.DISK_FULL, path="/output"):
            raise NodeError("[Errno 28] No space left on device", exception_type="OSError")
        result = nodes.run(node.class_type, nodes.Inputs(values), self)
        if node.class_type == "SaveImage" and (fault := self._take(FaultName.OTHER_OUTPUT)):
            self._replace(result, Path(fault.file))
        self._results[node.id] = result
        self._executed.append(node.id)
        self._show(node, result)
        self._shop.cache.keep(self._signatures[node.id], result)

    def _replace(self, result: nodes.Result, file: Path) -> None:
        for each in result.shown["images"]:
            shutil.copyfile(file, self.files.locate(each["type"], each["subfolder"], each["filename"]))

    def _show(self, node: Node, result: nodes.Result) -> None:
        if result.shown:
            self._outputs[node.id] = result.shown
            self.tell.node_shows(node, result.shown)

    def _resolve(self, value: object) -> object:
        return self._results[value.node_id].outputs[value.slot] if isinstance(value, Link) else value

    def _take(self, name: FaultName, *, step: int | None = None, path: str = "") -> Fault | None:
        return self._shop.faults.take(name, step=step, about=self._about, path=path)

    def _strike(self, step: int | None) -> None:
        """Let the armed faults of this moment happen."""
        for name in (FaultName.DROP_SOCKET, FaultName.SILENT_SOCKET, FaultName.REFUSE):
            if step is not None and (fault := self._take(name, step=step)):
                self._shop.server_fault(name, fault.seconds)
        if step is not None and (fault := self._take(FaultName.DIE, step=step)):
            os._exit(fault.exit_code)
        if step is not None and (fault := self._take(FaultName.RESTART, step=step)):
            self._shop.server_fault(FaultName.RESTART, fault.seconds)
            raise Stopped
        if step is not None and self._take(FaultName.KILL_EXECUTOR, step=step):
            raise Killed
        self._hang(step)
        if self._take(FaultName.INTERRUPT, step=step):
            raise Interrupted
        if self._take(FaultName.VANISH, step=step):
            raise Vanished
        if self._take(FaultName.OOM, step=step):
            self._shop.loaded.clear()
            raise NodeError(OOM_MESSAGE, exception_type=OOM_TYPE)
        if fault := self._take(FaultName.EXECUTION_ERROR, step=step):
            raise NodeError(fault.message, exception_type=fault.exception_type)

    def _hang(self, step: int | None) -> None:
        """Stand still, deaf to interrupts, for the fault's seconds or, without any, until the faults are cleared.

        A fault with `times` is used up by then: later prompts do not hang.
        """
        faults = self._shop.faults
        clearings = faults.clearings
        fault = faults.take(FaultName.HANG, step=step, about=self._about)
        if fault is None:
            return
        if fault.seconds is not None:
            self._shop.pace.pause(fault.seconds, interruptible=False)
            return
        while faults.clearings == clearings:
            self._shop.pace.pause(LOOK, interruptible=False)

    def _ending(self) -> PromptOutcome:
        """The end of a prompt without an error, unless a fault bends it."""
        if self._take(FaultName.SUCCESS_WITH_ERROR):
            self._outputs.clear()
            failure = NodeError("Execution Blocked: simulated", exception_type="ExecutionBlocked")
            self.tell.message("execution_error", self._where() | self._what(failure))
        if self._take(FaultName.MISSING_OUTPUT):
            self._outputs.clear()
        self.tell.message("execution_success")
        if fault := self._take(FaultName.LATE_HISTORY):
            self._shop.pace.pause(fault.seconds or LATE_HISTORY_SECONDS, interruptible=False)
        return self._outcome("success")

    def _outcome(self, status: str) -> PromptOutcome:
        meta = {
            node_id: {"node_id": node_id, "display_node": node_id, "parent_node": None, "real_node_id": node_id}
            for node_id in self._outputs
        }
        return PromptOutcome(
            status=status,
            completed=status == "success",
            messages=self.tell.messages,
            outputs=self._outputs,
            meta=meta,
        )

    def _where(self) -> dict[str, Any]:
        node = self._node
        return {
            "node_id": node.id if node else None,
            "node_type": node.class_type if node else None,
            "executed": list(self._executed),
        }

    def _what(self, failure: NodeError) -> dict[str, Any]:
        inputs = self._node.inputs if self._node else {}
        return {
            "exception_message": f"{failure}\n",
            "exception_type": failure.exception_type,
            "traceback": traceback.format_tb(failure.__traceback__),
            "current_inputs": {name: [value] for name, value in inputs.items() if not isinstance(value, Link)},
            "current_outputs": list(self._results),
        }
