"""A workflow in API format: its links, and what a person would recognise it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Graph = Mapping[str, Any]


class Link(NamedTuple):
    """An input that is another node's output."""

    node_id: str
    slot: int


def is_link(value: object) -> TypeGuard[list[Any]]:
    """Whether an input's value is another node's output: `[node_id, slot]`."""
    return isinstance(value, list) and len(value) == len(Link._fields)


def links(node: Mapping[str, Any]) -> Iterator[Link]:
    """Yield a node's links, in the order of its inputs."""
    return (Link(*value) for value in node.get("inputs", {}).values() if is_link(value))


def ancestors_first(graph: Graph, targets: tuple[str, ...], known: Mapping[str, object] | None = None) -> list[str]:
    """Return the nodes that the targets need, each after those it depends on.

    Like ComfyUI, it does not look past a node whose result is known; a target itself is always listed.
    """
    ordered: dict[str, None] = {}
    visited: set[str] = set()

    def visit(node_id: str) -> None:
        if node_id in visited or node_id not in graph:
            return
        visited.add(node_id)
        if node_id not in (known or ()):
            for link in links(graph[node_id]):
                if link.node_id not in (known or ()):
                    visit(link.node_id)
        ordered[node_id] = None

    for target in targets:
        visit(target)
    return list(ordered)


def prompt_text(graph: Graph) -> str:
    """Return the longest instruction in a workflow."""
    texts = (raw.get("inputs", {}).get(name) for raw in graph.values() for name in ("prompt", "text"))
    return max((text for text in texts if isinstance(text, str)), key=len, default="")


def output_prefix(graph: Graph) -> str:
    """Return the `filename_prefix` of the first node that saves."""
    saving = (raw for raw in graph.values() if raw["class_type"] == "SaveImage")
    return next((str(raw.get("inputs", {}).get("filename_prefix", "")) for raw in saving), "")
