"""A workflow: a graph in ComfyUI's API format, and how to fill it in for one edit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_worker.comfyui import binding as bindings
from qwenedit_worker.comfyui import graph as graphs
from qwenedit_worker.comfyui.errors import WorkflowRejected
from qwenedit_worker.comfyui.graph import WorkflowFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from qwenedit_worker.comfyui.binding import Binding, InputRef
    from qwenedit_worker.comfyui.graph import Graph, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundWorkflow:
    """A graph ready to be submitted."""

    graph: dict[str, JsonValue]
    output_node: str
    image_nodes: frozenset[str]
    """The nodes that load the user's pictures."""
    steps: int
    """How many sampling steps to expect; 0 where there is no sampler, or its steps are computed."""
    steps_node: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow file with its binding."""

    name: str
    graph: Graph
    binding: Binding

    @classmethod
    def load(cls, path: Path) -> Workflow:
        """Read `path` and, if it is there, the binding beside it: `NAME.binding.json` for `NAME.json`.

        Raises:
            WorkflowFileError: either file is missing or unusable; the message names file, node and input.
        """
        try:
            data = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise WorkflowFileError(f"{path}: {error}") from None
        graph = graphs.parse(data, source=str(path))
        beside = path.with_name(f"{path.stem}.binding.json")
        binding = bindings.read(beside, graph) if beside.exists() else bindings.infer(graph, source=str(path))
        workflow = cls(name=path.stem, graph=graph, binding=binding)
        try:
            workflow._present(len(binding.images))  # fails where not even all pictures satisfy the graph
        except WorkflowRejected as error:
            raise WorkflowFileError(f"{path}: {error}") from None
        return workflow

    @property
    def max_images(self) -> int:
        """How many pictures the graph can take."""
        return len(self.binding.images)

    def bind(self, *, images: Sequence[str], prompt: str, seed: int, prefix: str) -> BoundWorkflow:
        """Fill the graph in, leaving out the pictures that are absent.

        A graph without a prompt, or without a seed, ignores what is given for it.

        Args:
            images: names as ComfyUI's LoadImage takes them, `subfolder/name`, the main picture first.
            prompt: the user's instruction.
            seed: of the noise.
            prefix: of the output file, `folder/…/name`.

        Raises:
            WorkflowRejected: the graph takes fewer pictures, or cannot do with so few.
        """
        graph = self._present(len(images))
        values: list[tuple[InputRef | None, JsonValue]] = [
            *zip(self.binding.images, images, strict=False),
            (self.binding.prompt, prompt),
            (self.binding.seed, seed),
            (self.binding.prefix, prefix),
        ]
        filled = {node_id: dict(node.inputs) for node_id, node in graph.items()}
        for ref, value in values:
            if ref is not None and ref.node in filled:
                filled[ref.node][ref.input] = value
        steps = self.binding.steps
        return BoundWorkflow(
            graph={i: {"class_type": n.class_type, "inputs": filled[i]} for i, n in graph.items()},
            output_node=self.binding.output,
            image_nodes=frozenset(ref.node for ref in self.binding.images),
            steps=_steps(graph, steps),
            steps_node=steps.node if steps else None,
        )

    def _present(self, count: int) -> dict[str, Node]:
        if not 1 <= count <= self.max_images:
            raise WorkflowRejected(f"workflow {self.name} takes 1 to {self.max_images} pictures, not {count}")
        optional = {class_type: frozenset(names) for class_type, names in self.binding.optional.items()}
        absent = {ref.node for ref in self.binding.images[count:]}
        try:
            return graphs.without(self.graph, absent, optional=optional, keep=self.binding.output)
        except WorkflowRejected as error:
            raise WorkflowRejected(f"workflow {self.name} with {count} picture(s): {error}") from None


def _steps(graph: Graph, ref: InputRef | None) -> int:
    if ref is None or ref.node not in graph:
        return 0
    value = graph[ref.node].inputs.get(ref.input)
    return value if isinstance(value, int) else 0
