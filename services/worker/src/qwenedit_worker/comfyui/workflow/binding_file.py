"""The binding file beside a graph: which inputs an edit fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qwenedit_worker.comfyui.workflow.graph import Graph, WorkflowFileError, first_problem, link

# Pydantic reads the annotations.
from qwenedit_worker.comfyui.workflow.parameter import InputRef, Parameter  # noqa: TC001
from qwenedit_worker.comfyui.workflow.size_nodes import SizeNodes  # noqa: TC001

if TYPE_CHECKING:
    from pathlib import Path

OPTIONAL_INPUTS: dict[str, tuple[str, ...]] = {
    "ReferenceLatent": ("latent",),
    "TextEncodeQwenImageEditPlus": ("image1", "image2", "image3"),
}
"""Picture inputs that a node can do without (comfy_extras/nodes_qwen.py, nodes_edit_model.py)."""


class Binding(BaseModel):
    """The inputs that an edit fills in, and the node that returns its picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: tuple[InputRef, ...] = Field(min_length=1)
    """One for each picture that the graph can take, the main one first."""
    prompt: InputRef | None = None
    seed: InputRef | None = None
    steps: InputRef | None = None
    """Only read, to show the progress as a step of so many; a parameter may set the same input."""
    prefix: InputRef
    output: str
    """Id of the node whose first image is the result."""
    optional: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(OPTIONAL_INPUTS))
    """By node class, the inputs that are dropped with a missing picture."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """By name, the inputs that a job may set, each with its range or its choices."""
    sizes: SizeNodes | None = None
    """The nodes that get their sizes from the pictures; None leaves all sizes to the graph."""


def load_binding(path: Path, graph: Graph) -> Binding:
    """Read a binding file and check it against the graph.

    Raises:
        WorkflowFileError: the file isn't a binding, or names what the graph lacks.
    """
    try:
        binding = Binding.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        remedy = "write it as “A workflow of your own” in services/comfyui/README.md says"
        raise WorkflowFileError(f"{path}: there is no such file, which names the inputs to fill in: {remedy}") from None
    except OSError as error:
        raise WorkflowFileError(f"{path}: {error}") from None
    except ValidationError as error:
        raise WorkflowFileError(f"{path}: {first_problem(error)}") from None
    bound = [*binding.images, binding.prompt, binding.seed, binding.steps, binding.prefix]
    sizes = binding.sizes.inputs() if binding.sizes else ()
    for ref in filter(None, [*bound, *binding.parameters.values(), *sizes]):
        if problem := _misfit(ref, graph):
            raise WorkflowFileError(f"{path}: {ref}: {problem}")
    if binding.output not in graph:
        raise WorkflowFileError(f"{path}: output node {binding.output}: the graph has no such node")
    return binding


def _misfit(ref: InputRef, graph: Graph) -> str | None:
    """Return why an input can't be filled in; None if it can."""
    if ref.node not in graph:
        return "the graph has no such node"
    node = graph[ref.node]
    if ref.input not in node.inputs:
        return f"{node.class_type} has no such input in the graph"
    return "is linked to another node and cannot be filled in" if link(node.inputs[ref.input]) is not None else None
