"""A workflow in API format, read once into nodes and links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True)
class Link:
    """An input that is another node's output."""

    node_id: str
    slot: int


@dataclass(frozen=True)
class Node:
    """One node of a validated workflow; a value is a `Link` or a plain JSON value."""

    id: str
    class_type: str
    inputs: Mapping[str, Any]

    def links(self) -> Iterator[Link]:
        """The links among the inputs, in their order."""
        return (value for value in self.inputs.values() if isinstance(value, Link))


@dataclass(frozen=True)
class Graph:
    """A validated workflow and the outputs that are to be computed."""

    nodes: Mapping[str, Node]
    targets: tuple[str, ...]

    def ancestors_first(self, *, finished: Callable[[str], bool]) -> list[Node]:
        """The nodes that the targets need, each after those it depends on.

        Like ComfyUI, does not look past a node whose result is known (`finished`); a target itself is always listed.
        """
        ordered: dict[str, Node] = {}

        def visit(node: Node) -> None:
            if node.id in ordered:
                return
            for link in node.links():
                if not finished(node.id) and not finished(link.node_id):
                    visit(self.nodes[link.node_id])
            ordered[node.id] = node

        for target in self.targets:
            visit(self.nodes[target])
        return list(ordered.values())


def read_graph(prompt: Mapping[str, Any], targets: tuple[str, ...]) -> Graph:
    """Read a prompt that the validator accepted."""
    return Graph({node_id: _read_node(node_id, raw) for node_id, raw in prompt.items()}, targets)


def _read_node(node_id: str, raw: Mapping[str, Any]) -> Node:
    inputs = {
        name: Link(value[0], value[1]) if isinstance(value, list) and len(value) == 2 else value  # noqa: PLR2004
        for name, value in raw.get("inputs", {}).items()
    }
    return Node(node_id, raw["class_type"], inputs)


def prompt_text(prompt: Mapping[str, Any]) -> str:
    """The longest instruction in a workflow, valid or not: what a person would recognise it by."""
    texts = [
        text
        for raw in prompt.values()
        if isinstance(raw, dict)
        for text in (raw.get("inputs", {}).get("prompt"), raw.get("inputs", {}).get("text"))
        if isinstance(text, str)
    ]
    return max(texts, key=len, default="")


def output_prefix(prompt: Mapping[str, Any]) -> str:
    """The `filename_prefix` of the first node that saves."""
    for raw in prompt.values():
        if isinstance(raw, dict) and raw.get("class_type") == "SaveImage":
            return str(raw.get("inputs", {}).get("filename_prefix", ""))
    return ""
