"""Which inputs of a graph one edit fills in: read from a file, or inferred where there is only one way to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qwenedit_worker.comfyui.workflow.graph import Graph, WorkflowFileError, link
from qwenedit_worker.comfyui.workflow.model_files import MODEL_INPUTS
from qwenedit_worker.comfyui.workflow.parameter import InputRef, Parameter
from qwenedit_worker.comfyui.workflow.size_nodes import MEGAPIXELS, SizeNodes

if TYPE_CHECKING:
    from pathlib import Path

_PICTURE_LOADER = "LoadImage"
_SAVER = "SaveImage"

OPTIONAL_INPUTS: dict[str, tuple[str, ...]] = {
    "ReferenceLatent": ("latent",),
    "TextEncodeQwenImageEditPlus": ("image1", "image2", "image3"),
}
"""Picture inputs that a node can do without (comfy_extras/nodes_qwen.py, nodes_edit_model.py)."""


class Binding(BaseModel):
    """What an edit fills in, and where its picture comes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[InputRef, ...] = Field(min_length=1)
    """One for each picture that the graph can take, the main one first."""
    prompt: InputRef | None = None
    seed: InputRef | None = None
    steps: InputRef | None = None
    """Only read, to tell the user of how many steps a step is one; a parameter of a job may be about the same input."""
    prefix: InputRef
    output: str
    """Id of the node whose first image is the result."""
    optional: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(OPTIONAL_INPUTS))
    """By class, the inputs that may be left out together with an absent picture."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """By name, the inputs that a job may give a value of its own."""
    sizes: SizeNodes | None = None
    """The nodes that get their sizes from the pictures; None leaves all sizes to the graph."""


def read(path: Path, graph: Graph) -> Binding:
    """Read a binding file and hold it against the graph.

    Raises:
        WorkflowFileError: the file is not a binding, or names what the graph has not.
    """
    try:
        binding = Binding.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise WorkflowFileError(f"{path}: {error}") from None
    bound = [*binding.images, binding.prompt, binding.seed, binding.steps, binding.prefix]
    sizes = binding.sizes.inputs() if binding.sizes else ()
    for ref in filter(None, [*bound, *binding.parameters.values(), *sizes]):
        if problem := _misfit(ref, graph):
            raise WorkflowFileError(f"{path}: {ref}: {problem}")
    if binding.output not in graph:
        raise WorkflowFileError(f"{path}: output node {binding.output}: the graph has no such node")
    if binding.sizes and binding.sizes.max_megapixels and MEGAPIXELS in binding.parameters:
        raise WorkflowFileError(f"{path}: parameter {MEGAPIXELS}: sizes.max_megapixels has that name already")
    for name, parameter in binding.parameters.items():
        where = f"{path}: parameter {name}: {parameter}"
        if (graph[parameter.node].class_type, parameter.input) in MODEL_INPUTS:
            raise WorkflowFileError(f"{where}: names a model file; a workflow of its own does that")
        if problem := parameter.problem(graph[parameter.node].inputs[parameter.input]):
            raise WorkflowFileError(f"{where}: the graph's own value {problem}")
    return binding


def _misfit(ref: InputRef, graph: Graph) -> str | None:
    """Say why an input cannot be filled in; None where it can."""
    if ref.node not in graph:
        return "the graph has no such node"
    node = graph[ref.node]
    if ref.input not in node.inputs:
        return f"{node.class_type} has no such input in the graph"
    return "is linked to another node and cannot be filled in" if link(node.inputs[ref.input]) is not None else None


def infer(graph: Graph, *, source: str) -> Binding:
    """Find the inputs without a binding file.

    Pictures are the LoadImage nodes in the file's order. The output is the one SaveImage node. The prompt is the text
    behind the sampler's `positive` input, or else the only text. The seed and the steps are the only ones there are.

    Raises:
        WorkflowFileError: something is missing, or there is more than one candidate.
    """
    images = tuple(InputRef(node=i, input="image") for i, n in graph.items() if n.class_type == _PICTURE_LOADER)
    if not images:
        raise WorkflowFileError(f"{source}: no {_PICTURE_LOADER} node: nowhere to put the picture")
    savers = [InputRef(node=i, input="filename_prefix") for i, n in graph.items() if n.class_type == _SAVER]
    if not savers:
        raise WorkflowFileError(f"{source}: no {_SAVER} node: nowhere to take the picture from")
    saver = _only(savers, what="output", source=source)
    seeds = _literals(graph, names=("seed", "noise_seed"), kind=int)
    steps = _literals(graph, names=("steps",), kind=int)
    return Binding(
        images=images,
        prompt=_only(_prompts(graph), what="prompt", source=source) if _prompts(graph) else None,
        seed=_only(seeds, what="seed", source=source) if seeds else None,
        steps=_only(steps, what="steps", source=source) if steps else None,
        prefix=saver,
        output=saver.node,
    )


def _prompts(graph: Graph) -> list[InputRef]:
    """Candidates for the user's text: those behind a sampler's `positive`, or all where no node has such an input."""
    texts = _literals(graph, names=("prompt", "text"), kind=str)
    starts = [target for node in graph.values() if (target := link(node.inputs.get("positive"))) is not None]
    if not starts:
        return texts
    reached: set[str] = set()
    while starts:
        if (node_id := starts.pop()) not in reached:
            reached.add(node_id)
            starts += [target for value in graph[node_id].inputs.values() if (target := link(value)) is not None]
    return [ref for ref in texts if ref.node in reached]


def _literals(graph: Graph, *, names: tuple[str, ...], kind: type) -> list[InputRef]:
    return [
        InputRef(node=node_id, input=name)
        for node_id, node in graph.items()
        for name in names
        if isinstance(node.inputs.get(name), kind)
    ]


def _only(candidates: list[InputRef], *, what: str, source: str) -> InputRef:
    if len(candidates) > 1:
        found = "; ".join(str(ref) for ref in candidates)
        raise WorkflowFileError(
            f"{source}: more than one candidate for the {what} ({found}): name it in a binding file"
        )
    return candidates[0]
