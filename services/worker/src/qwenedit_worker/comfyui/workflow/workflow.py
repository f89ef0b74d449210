"""A workflow: a graph in ComfyUI's API format, and how to fill it in for one edit."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from qwenedit_worker.comfyui.errors import WorkflowRejected
from qwenedit_worker.comfyui.workflow import binding as bindings
from qwenedit_worker.comfyui.workflow import graph as graphs
from qwenedit_worker.comfyui.workflow.graph import WorkflowFileError
from qwenedit_worker.comfyui.workflow.model_files import loads_model
from qwenedit_worker.comfyui.workflow.size_nodes import MEGAPIXELS, MEGAPIXELS_DEFAULT
from qwenedit_worker.comfyui.workflow.sizes import SQUARE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import JsonValue

    from qwenedit_worker.comfyui.workflow.binding import Binding
    from qwenedit_worker.comfyui.workflow.graph import Graph, Node
    from qwenedit_worker.comfyui.workflow.parameter import InputRef
    from qwenedit_worker.comfyui.workflow.sizes import Size

NONE_OF_ITS_OWN: Mapping[str, int | float | str] = MappingProxyType({})


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

    def loads_model(self, node: str) -> bool:
        """Whether a node, by its id, loads a model."""
        return node in self.loaders


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

    @property
    def fewest_images(self) -> int:
        """With how few pictures the graph can do."""
        for count in range(1, self.max_images):
            try:
                self._present(count)
            except WorkflowRejected:
                continue
            return count
        return self.max_images

    def smallest(self) -> Workflow:
        """The same with as little work as can be: a single step, where the binding says what counts them."""
        graph, steps, sizes = dict(self.graph), self.binding.steps, self.binding.sizes
        if steps is not None:
            node = graph[steps.node]
            graph[steps.node] = node.model_copy(update={"inputs": {**node.inputs, steps.input: 1}})
        own = sizes and sizes.model_copy(update={"megapixels": None})
        return replace(self, graph=graph, binding=self.binding.model_copy(update={"sizes": own}))

    def bind(
        self,
        *,
        images: Sequence[str],
        prompt: str,
        seed: int,
        prefix: str,
        parameters: Mapping[str, int | float | str] = NONE_OF_ITS_OWN,
        sizes: Sequence[Size | None] = (),
        megapixels: float = MEGAPIXELS_DEFAULT,
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
            megapixels: the area to work at, where neither the binding nor the job says another one.

        Raises:
            WorkflowRejected: the graph takes fewer pictures, or cannot do with so few; or the binding has no such
                parameter, or does not allow the value.
        """
        own = self._inputs_of(parameters)
        graph = self._present(len(images))
        values: list[tuple[InputRef | None, JsonValue]] = [
            *zip(self.binding.images, images, strict=False),
            (self.binding.prompt, prompt),
            (self.binding.seed, seed),
            (self.binding.prefix, prefix),
            *own,
            *self._sizes(sizes, parameters, megapixels),
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
            steps=_steps(filled, steps),
            steps_node=steps.node if steps else None,
            loaders=frozenset(i for i, n in graph.items() if loads_model(n.class_type)),
            size_matters=self._size_matters(sizes, parameters),
        )

    def _inputs_of(self, parameters: Mapping[str, int | float | str]) -> list[tuple[InputRef, JsonValue]]:
        values: list[tuple[InputRef, JsonValue]] = []
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
            values.append((known, value))
        return values

    def _sizes(
        self, sizes: Sequence[Size | None], parameters: Mapping[str, int | float | str], megapixels: float
    ) -> list[tuple[InputRef, JsonValue]]:
        nodes = self.binding.sizes
        if nodes is None or not sizes:
            return []
        wanted = parameters.get(MEGAPIXELS) if nodes.max_megapixels else None
        if wanted is not None and (isinstance(wanted, str) or not 0 < wanted <= (nodes.max_megapixels or 0)):
            raise WorkflowRejected(
                f"workflow {self.name}, parameter {MEGAPIXELS}: {wanted!r} is not above 0 and at most"
                f" {nodes.max_megapixels:g}"
            )
        return list(nodes.values(sizes, megapixels=wanted or nodes.megapixels or megapixels))

    def _size_matters(self, sizes: Sequence[Size | None], parameters: Mapping[str, int | float | str]) -> bool:
        nodes = self.binding.sizes
        if nodes is not None and nodes.max_megapixels and MEGAPIXELS in parameters:  # which the user has chosen
            return float(parameters[MEGAPIXELS]) > MEGAPIXELS_DEFAULT
        if nodes is not None and nodes.pictures:  # a canvas of one size, whatever the photo
            return False
        area = nodes.megapixels * SQUARE if nodes and nodes.megapixels else 0
        return max(area, *(size.width * size.height for size in sizes if size), 0) > SQUARE

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
