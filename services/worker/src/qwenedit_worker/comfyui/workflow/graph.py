"""ComfyUI's API format: nodes by id, whose inputs are values or links to other nodes' outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from qwenedit_worker.comfyui.errors import WorkflowRejected


class WorkflowFileError(ValueError):
    """A workflow's file, or its binding, cannot be used. The message names file, node and input."""


class Node(BaseModel):
    """One node of a graph. What the editor adds for itself (`_meta`) is dropped."""

    model_config = ConfigDict(frozen=True)

    class_type: str
    inputs: dict[str, JsonValue]


Graph = Mapping[str, Node]

_GRAPH: TypeAdapter[dict[str, Node]] = TypeAdapter(dict[str, Node])


def link(value: JsonValue) -> str | None:
    """Id of the node that an input is linked to; None for a plain value."""
    match value:
        case [str(node), int()]:
            return node
        case _:
            return None


def parse(data: Any, *, source: str) -> dict[str, Node]:
    """Read a graph from parsed JSON.

    Raises:
        WorkflowFileError: it is not in API format.
    """
    if isinstance(data, dict) and isinstance(data.get("nodes"), list):
        raise WorkflowFileError(f"{source}: this is the editor's format; export it with “Export (API)”")
    try:
        return _GRAPH.validate_python(data)
    except ValidationError as error:
        raise WorkflowFileError(f"{source}: not in API format: {first_problem(error)}") from None


def first_problem(error: ValidationError) -> str:
    """Describe the first problem of a file in one line."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{where}: {first['msg']}"


def without(graph: Graph, absent: set[str], *, optional: Mapping[str, frozenset[str]], keep: str) -> dict[str, Node]:
    """Remove nodes from a graph, and all nodes that need them.

    A node's input that `optional` lists for its class is dropped; a node that loses another input is removed too.

    Raises:
        WorkflowRejected: the node `keep` would have to go.
    """
    gone = absent
    while doomed := {
        node_id
        for node_id, node in graph.items()
        if node_id not in gone and not optional.get(node.class_type, frozenset()).issuperset(_lost(node, gone))
    }:
        if keep in doomed:
            first = _lost(graph[keep], gone)[0]
            raise WorkflowRejected(
                f"node {keep} ({graph[keep].class_type}), input {first}: depends on a picture that is absent"
            )
        gone = gone | doomed
    return {node_id: _unlinked(node, gone) for node_id, node in graph.items() if node_id not in gone}


def _lost(node: Node, gone: set[str]) -> list[str]:
    return [name for name, value in node.inputs.items() if link(value) in gone]


def _unlinked(node: Node, gone: set[str]) -> Node:
    lost = _lost(node, gone)
    return node.model_copy(update={"inputs": {name: value for name, value in node.inputs.items() if name not in lost}})
