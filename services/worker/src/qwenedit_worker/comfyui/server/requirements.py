"""Whether a server has all that the workflows need.

ComfyUI's own validation does not suffice. It accepts unknown choices of new-schema nodes and ignores unknown optional
inputs, and then executes something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qwenedit_worker.comfyui.errors import ModelMissing, WorkflowRejected
from qwenedit_worker.comfyui.workflow.graph import link
from qwenedit_worker.comfyui.workflow.model_files import MODEL_INPUTS, loads_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenedit_worker.comfyui.protocol.api import Api, NodeClass
    from qwenedit_worker.comfyui.workflow.graph import Node
    from qwenedit_worker.comfyui.workflow.workflow import Workflow


class Requirements:
    """Holds workflows against a server.

    Args:
        api: the server's endpoints.
        workflows: what it must be able to execute.
    """

    def __init__(self, api: Api, workflows: Sequence[Workflow]) -> None:
        self._api = api
        self._workflows = workflows
        self._fit = False

    def compare_again(self) -> None:
        """The server may have restarted, as another version: compare everything the next time."""
        self._fit = False

    async def check(self) -> None:
        """Compare everything at first, later only what can change while the server runs: the models' files.

        Raises:
            ComfyUIUnavailable: no sane reply.
            WorkflowRejected: a node class, an input or a choice is unknown to the server.
            ModelMissing: model files are not there.
        """
        classes: dict[str, NodeClass | None] = {}
        problems: list[str] = []
        missing: list[str] = []
        for workflow in self._workflows:
            for node_id, node in workflow.graph.items():
                if self._fit and not loads_model(node.class_type):
                    continue
                if node.class_type not in classes:
                    classes[node.class_type] = await self._api.node(node.class_type)
                filled = {ref.input for ref in workflow.binding.images if ref.node == node_id}
                for problem in differences(node, classes[node.class_type], filled=filled):
                    if problem.missing_file:
                        missing.append(problem.text)
                    else:
                        problems.append(f"workflow {workflow.name}, node {node_id} ({node.class_type}){problem.text}")
        if problems:
            raise WorkflowRejected("; ".join(problems))
        self._fit = True
        if missing:
            raise ModelMissing(f"ComfyUI lacks {', '.join(dict.fromkeys(missing))}")


class Difference(NamedTuple):
    """What a node asks for and its class on the server doesn't offer."""

    text: str
    missing_file: bool = False
    """Whether it's a model file; then the text is `folder/name`."""


def differences(node: Node, described: NodeClass | None, *, filled: set[str]) -> Iterator[Difference]:
    """Say how a node differs from its class on the server, one by one.

    The choices of the inputs in `filled` are left out: their values in the graph are placeholders.
    """
    if described is None:
        yield Difference(": the server has no such class; is ComfyUI too old?")
        return
    for name in described.required:
        if name not in node.inputs:
            yield Difference(f", input {name}: required by the server, absent in the workflow")
    for name, value in node.inputs.items():
        head = name.split(".", 1)[0]  # inputs that grow with use are named `head.name`
        choices = described.choices(head)
        if head not in described.required and head not in described.optional:
            yield Difference(f", input {name}: unknown to the server")
        elif choices is None or link(value) is not None or name in filled or value in choices:
            continue
        elif (folder := MODEL_INPUTS.get((node.class_type, name))) is not None:
            yield Difference(f"{folder}/{value}", missing_file=True)
        else:
            yield Difference(f", input {name}: {value!r} is none of the server's choices")
