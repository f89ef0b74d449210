"""A workflow: a graph in ComfyUI's API format, and how to fill it in for one edit."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from qwenedit_worker.comfyui.errors import WorkflowRejected
from qwenedit_worker.comfyui.workflow import graph as graphs
from qwenedit_worker.comfyui.workflow.binding_file import load_binding
from qwenedit_worker.comfyui.workflow.graph import WorkflowFileError
from qwenedit_worker.comfyui.workflow.model_files import loads_model
from qwenedit_worker.comfyui.workflow.size_nodes import MEGAPIXELS, MEGAPIXELS_DEFAULT
from qwenedit_worker.comfyui.workflow.sizes import SQUARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from qwenedit_worker.comfyui.workflow.binding_file import Binding
    from qwenedit_worker.comfyui.workflow.graph import Graph, Node
    from qwenedit_worker.comfyui.workflow.parameter import InputRef
    from qwenedit_worker.comfyui.workflow.sizes import Size

NONE_OF_ITS_OWN: Mapping[str, int | float | str] = MappingProxyType({})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def workflow_path(workflow: str, folder: Path) -> Path:
    """Return a workflow's file: a path if it ends in `.json`, otherwise a name in the folder.

    Raises:
        WorkflowFileError: it's neither.
    """
    if workflow.endswith(".json"):
        return folder.__class__(workflow)
    if not _NAME.fullmatch(workflow):
        raise WorkflowFileError(f"{workflow!r} is neither a workflow's name nor the path of a .json file")
    return folder / f"{workflow}.json"


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
    loaders: frozenset[str] = frozenset()
    """The nodes that load models."""
    size_matters: bool = False
    """Whether a picture as large as this one takes more of the GPU's memory than one of the model's own size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow file with its binding."""

    name: str
    graph: Graph
    binding: Binding

    @classmethod
    def load(cls, path: Path) -> Workflow:
        """Read `path`, and the binding beside it: `NAME.binding.json` for `NAME.json`.

        Raises:
            WorkflowFileError: either file is missing or unusable; the message names file, node and input.
        """
        try:
            data = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise WorkflowFileError(f"{path}: {error}") from None
        graph = graphs.parse(data, source=str(path))
        binding = load_binding(path.with_name(f"{path.stem}.binding.json"), graph)
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

    def smallest(self) -> Workflow:
        """The same with as little work as can be: one step at a small size, where the binding says what sets them."""
        graph, steps, sizes = dict(self.graph), self.binding.steps, self.binding.sizes
        if steps is not None:
            node = graph[steps.node]
            graph[steps.node] = node.model_copy(update={"inputs": {**node.inputs, steps.input: 1}})
        small = sizes and sizes.model_copy(update={"megapixels": 1 / 16})
        return replace(self, graph=graph, binding=self.binding.model_copy(update={"sizes": small}))

    def bind(
        self,
        *,
        images: Sequence[str],
        prompt: str,
        seed: int,
        prefix: str,
        parameters: Mapping[str, int | float | str] = NONE_OF_ITS_OWN,
        sizes: Sequence[Size | None] = (),
    ) -> BoundWorkflow:
        """Fill the graph in, leaving out the pictures that are absent.

        A graph without a prompt, without a seed or without sizes ignores what is given for it.

        Args:
            images: names as ComfyUI's LoadImage takes them, `subfolder/name`, the main picture first.
            prompt: the user's instruction.
            seed: of the noise.
            prefix: of the output file, `folder/…/name`.
            parameters: values for what the binding names beside these; what it is not given stays as in the graph.
            sizes: of the pictures, in their order; None for one that is unknown.

        Raises:
            WorkflowRejected: the graph takes fewer pictures, or cannot do with so few; or the binding has no such
                parameter, or does not allow the value.
        """
        area = self._area(parameters)
        graph = self._present(len(images))
        values: list[tuple[InputRef | None, JsonValue]] = [
            *zip(self.binding.images, images, strict=False),
            (self.binding.prompt, prompt),
            (self.binding.seed, seed),
            (self.binding.prefix, prefix),
            *self._inputs_of(parameters),
        ]
        filled = {node_id: dict(node.inputs) for node_id, node in graph.items()}
        for ref, value in values:
            if ref is not None and ref.node in filled:
                filled[ref.node][ref.input] = value
        for node_id, inputs in (
            self.binding.sizes.values(sizes, megapixels=area) if self.binding.sizes and sizes else ()
        ):
            if node_id in filled:
                filled[node_id].update(inputs)
        steps = self.binding.steps
        return BoundWorkflow(
            graph={i: {"class_type": n.class_type, "inputs": filled[i]} for i, n in graph.items()},
            output_node=self.binding.output,
            image_nodes=frozenset(ref.node for ref in self.binding.images),
            steps=_steps(filled, steps),
            steps_node=steps.node if steps else None,
            loaders=frozenset(i for i, n in graph.items() if loads_model(n.class_type)),
            size_matters=self._size_matters(sizes, area),
        )

    def _area(self, parameters: Mapping[str, int | float | str]) -> float:
        """The area to work at: the job's, where the binding lets it say one, else the binding's, else the models'."""
        nodes = self.binding.sizes
        if nodes is None:
            return MEGAPIXELS_DEFAULT
        area = nodes.megapixels or MEGAPIXELS_DEFAULT
        if nodes.max_megapixels is None or (megapixels := parameters.get(MEGAPIXELS)) is None:
            return area
        if isinstance(megapixels, str) or not 0 < megapixels <= nodes.max_megapixels:
            most = f"is not above 0 and at most {nodes.max_megapixels:g}"
            raise WorkflowRejected(f"workflow {self.name}, parameter {MEGAPIXELS}: {megapixels!r} {most}")
        return megapixels

    def _inputs_of(self, parameters: Mapping[str, int | float | str]) -> Iterator[tuple[InputRef, JsonValue]]:
        for name, value in parameters.items():
            if name == MEGAPIXELS and self.binding.sizes and self.binding.sizes.max_megapixels:
                continue
            if (known := self.binding.parameters.get(name)) is None:
                names = ", ".join(self.binding.parameters) or "none"
                raise WorkflowRejected(f"workflow {self.name} has no parameter {name!r}; its binding names {names}")
            own = self.graph[known.node].inputs[known.input]
            problem = known.problem(value)
            if problem is None and isinstance(value, str) is not isinstance(own, str):
                problem = f"{value!r} is not of the kind of {own!r}"
            if problem is not None:
                raise WorkflowRejected(f"workflow {self.name}, parameter {name} ({known}): {problem}")
            yield known, value

    def _size_matters(self, sizes: Sequence[Size | None], area: float) -> bool:
        nodes = self.binding.sizes
        if nodes is not None and nodes.pictures:  # a canvas of one size, whatever the photo
            return False
        if nodes is not None and (nodes.megapixels or nodes.max_megapixels):
            return area > MEGAPIXELS_DEFAULT
        return any(size.width * size.height > SQUARE for size in sizes if size)

    def _present(self, count: int) -> dict[str, Node]:
        if not 1 <= count <= self.max_images:
            raise WorkflowRejected(f"workflow {self.name} takes 1 to {self.max_images} pictures, not {count}")
        optional = {class_type: frozenset(names) for class_type, names in self.binding.optional.items()}
        absent = {ref.node for ref in self.binding.images[count:]}
        try:
            return graphs.without(self.graph, absent, optional=optional, keep=self.binding.output)
        except WorkflowRejected as error:
            raise WorkflowRejected(f"workflow {self.name} with {count} picture(s): {error}") from None


def _steps(filled: Mapping[str, Mapping[str, JsonValue]], ref: InputRef | None) -> int:
    if ref is None or ref.node not in filled:
        return 0
    value = filled[ref.node].get(ref.input)
    return int(value) if isinstance(value, int | float) else 0
