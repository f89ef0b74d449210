"""Whether a server has all that the workflows need.

ComfyUI's own validation does not suffice. It accepts unknown choices of new-schema nodes and ignores unknown optional
inputs, and then executes something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwenedit_worker.comfyui.errors import ModelMissing, WorkflowRejected
from qwenedit_worker.comfyui.workflow.graph import link
from qwenedit_worker.comfyui.workflow.model_files import MODEL_INPUTS, model_files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

    from qwenedit_worker.comfyui.protocol.api import Api
    from qwenedit_worker.comfyui.workflow.graph import Node
    from qwenedit_worker.comfyui.workflow.workflow import Workflow


class Readiness:
    """Holds workflows against a server.

    Args:
        api: the server's endpoints.
        workflows: what it must be able to execute.
    """

    def __init__(self, api: Api, workflows: Sequence[Workflow]) -> None:
        self._api = api
        self._workflows = workflows
        self._compared: set[str] = set()
        """Names of the workflows that were found to fit."""

    def forget(self) -> None:
        """The server may have restarted, as another version: compare everything the next time."""
        self._compared.clear()

    async def check(self) -> None:
        """Ask for everything at first, later only for what can change while the server runs.

        Raises:
            ComfyUIUnavailable: no sane reply.
            WorkflowRejected: a node class, an input or a choice is unknown to the server.
            ModelMissing: model files are not there.
        """
        await self._compare([workflow for workflow in self._workflows if workflow.name not in self._compared])
        await self._look_for_models()

    async def check_workflow(self, workflow: Workflow) -> None:
        """Compare a workflow that a job names before the first such job; nothing afterwards, until there is doubt.

        Workflows that `check` covers are left to it, and delay no job. A file that one of the others lacks ends the
        job: the worker is ready without it, so nobody waits for it to come.

        Raises:
            ComfyUIUnavailable: the server does not reply.
            WorkflowRejected: a node class, an input, a choice or a model file is unknown to the server.
        """
        if workflow not in self._workflows and workflow.name not in self._compared:
            await self._compare([workflow])
            if missing := await self._missing([workflow]):
                self._compared.discard(workflow.name)
                raise WorkflowRejected(f"workflow {workflow.name}: ComfyUI lacks {', '.join(missing)}")

    async def _look_for_models(self) -> None:
        if missing := await self._missing(self._workflows):
            raise ModelMissing(f"ComfyUI lacks {', '.join(missing)}")

    async def _missing(self, workflows: Iterable[Workflow]) -> tuple[str, ...]:
        """Name the model files that workflows load and the server has not, as `folder/name`."""
        needed: dict[str, set[str]] = {}
        for workflow in workflows:
            for folder, names in model_files(workflow.graph).items():
                needed.setdefault(folder, set()).update(names)
        missing: list[str] = []
        for folder, names in sorted(needed.items()):
            absent = names - await self._api.models(folder)
            missing += [f"{folder}/{name}" for name in sorted(absent)]
        return tuple(missing)

    async def _compare(self, workflows: Iterable[Workflow]) -> None:
        known: dict[str, dict[str, Any] | None] = {}
        problems: list[str] = []
        for workflow in workflows:
            found = [problem async for problem in self._differences(workflow, known)]
            if not found:
                self._compared.add(workflow.name)
            problems += found
        if problems:
            raise WorkflowRejected("; ".join(problems))

    async def _differences(self, workflow: Workflow, known: dict[str, dict[str, Any] | None]) -> AsyncIterator[str]:
        bound = {(ref.node, ref.input) for ref in workflow.binding.images}
        for node_id, node in workflow.graph.items():
            if node.class_type not in known:
                known[node.class_type] = await self._api.node(node.class_type)
            described = known[node.class_type]
            filled = {name for at, name in bound if at == node_id}
            where = f"workflow {workflow.name}, node {node_id} ({node.class_type})"
            for problem in differences(node, described, filled=filled):
                yield where + problem


def differences(node: Node, described: dict[str, Any] | None, *, filled: set[str]) -> Iterator[str]:
    """Say how a node differs from its class on the server, one text a difference.

    Model files are left out: they are looked for in their folders. So are the choices of the inputs in `filled`, whose
    values in the graph are placeholders.
    """
    if described is None:
        yield ": the server has no such class; is ComfyUI too old?"
        return
    required, optional = _inputs(described)
    inputs = {**required, **optional}
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


def _inputs(described: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of a node class, required and optional ones."""
    groups: dict[str, dict[str, Any]] = described.get("input") or {}
    return groups.get("required") or {}, groups.get("optional") or {}


def _choices(spec: Any) -> list[Any] | None:
    """An input's choices: `[[…], …]` in the old schema, `["COMBO", {"options": […]}]` in the new; else None."""
    match spec:
        case [[*choices], *_]:
            return choices
        case ["COMBO", {"options": [*choices]}]:
            return choices
        case _:
            return None
