"""Whether a server has all that the workflows need.

ComfyUI's own validation does not suffice: it accepts unknown choices of new-schema nodes and ignores unknown optional
inputs, and so executes something else than what was meant.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qwenedit_worker.comfyui.errors import ModelMissing, WorkflowRejected
from qwenedit_worker.comfyui.graph import link
from qwenedit_worker.comfyui.models import MODEL_INPUTS, model_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qwenedit_worker.comfyui.api import Api
    from qwenedit_worker.comfyui.graph import Node
    from qwenedit_worker.comfyui.workflow import Workflow

SCHEMA_LIFETIME = 300.0
"""Seconds after which the nodes are compared again. They change only with a restart, which is mostly noticed anyway."""


class Readiness:
    """Holds workflows against a server.

    Args:
        api: the server's endpoints.
        workflows: what it must be able to execute.
        clock: monotonic seconds.
    """

    def __init__(self, api: Api, workflows: Sequence[Workflow], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._workflows = workflows
        self._clock = clock
        self._compared: float | None = None

    def doubt(self) -> None:
        """The server may have restarted, as another version: compare everything the next time."""
        self._compared = None

    async def check(self) -> None:
        """Ask for everything at first, later only for what can change while the server runs.

        Raises:
            ComfyUIUnavailable: no sane reply.
            WorkflowRejected: a node class, an input or a choice is unknown to the server.
            ModelMissing: model files are not there.
        """
        if self._compared is None or self._clock() - self._compared > SCHEMA_LIFETIME:
            self._compared = None
            await self._compare()
            self._compared = self._clock()
        await self._look_for_models()

    async def _look_for_models(self) -> None:
        needed: dict[str, set[str]] = {}
        for workflow in self._workflows:
            for folder, names in model_files(workflow.graph).items():
                needed.setdefault(folder, set()).update(names)
        missing: list[str] = []
        for folder, names in sorted(needed.items()):
            absent = names - await self._api.models(folder)
            missing += [f"{folder}/{name}" for name in sorted(absent)]
        if missing:
            raise ModelMissing(f"ComfyUI lacks {', '.join(missing)}", files=tuple(missing))

    async def _compare(self) -> None:
        known: dict[str, dict[str, Any] | None] = {}
        problems: list[str] = []
        for workflow in self._workflows:
            bound = {(ref.node, ref.input) for ref in workflow.binding.images}
            for node_id, node in workflow.graph.items():
                if node.class_type not in known:
                    known[node.class_type] = await self._api.node(node.class_type)
                filled = {name for at, name in bound if at == node_id}
                problems += [
                    f"workflow {workflow.name}, node {node_id} ({node.class_type}){problem}"
                    for problem in differences(node, known[node.class_type], filled=filled)
                ]
        if problems:
            raise WorkflowRejected("; ".join(problems))


def differences(node: Node, described: dict[str, Any] | None, *, filled: set[str]) -> Iterator[str]:
    """Say how a node differs from its class on the server, one text a difference.

    Model files are left out: they are looked for in their folders. So are the choices of the inputs in `filled`, whose
    values in the graph are placeholders.
    """
    if described is None:
        yield ": the server has no such class; is ComfyUI too old?"
        return
    groups: dict[str, dict[str, Any]] = described.get("input") or {}
    required = groups.get("required") or {}
    inputs = {**required, **(groups.get("optional") or {})}
    for name in required:
        if name not in node.inputs:
            yield f", input {name}: required by the server, absent in the workflow"
    for name, value in node.inputs.items():
        head = name.split(".", 1)[0]  # inputs that grow with use are named `head.name`
        if head not in inputs:
            yield f", input {name}: unknown to the server"
        elif link(value) is None and name not in filled and (node.class_type, name) not in MODEL_INPUTS:
            choices = _choices(inputs[head])
            if choices is not None and value not in choices:
                yield f", input {name}: {value!r} is none of the server's choices"


def _choices(spec: Any) -> list[Any] | None:
    """An input's choices: `[[…], …]` in the old schema, `["COMBO", {"options": […]}]` in the new; else None."""
    match spec:
        case [[*choices], *_]:
            return choices
        case ["COMBO", {"options": [*choices]}]:
            return choices
        case _:
            return None
