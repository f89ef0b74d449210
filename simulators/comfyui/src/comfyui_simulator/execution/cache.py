"""Results of nodes, kept across prompts: a repeated graph is not computed again, even if its file is gone."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from typing import TYPE_CHECKING

from comfyui_simulator.nodes.graph import Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfyui_simulator.nodes.graph import Graph
    from comfyui_simulator.nodes.nodes import Result

KEPT = 256
"""Results; ComfyUI keeps as many as its memory allows."""


class Cache:
    """Results by signature: the node's class and inputs, those of all nodes before it, and the loaded pictures."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, Result] = OrderedDict()

    def get(self, signature: str) -> Result | None:
        """A kept result."""
        if signature in self._results:
            self._results.move_to_end(signature)
        return self._results.get(signature)

    def keep(self, signature: str, result: Result) -> None:
        """Keep a result; the one longest unused may go."""
        self._results[signature] = result
        if len(self._results) > KEPT:
            self._results.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        self._results.clear()


def signatures(graph: Graph, fingerprint: Callable[[str], str]) -> dict[str, str]:
    """The signature of each node that the graph's targets need.

    Args:
        graph: A workflow without cycles.
        fingerprint: Of the content of the picture that a LoadImage names.
    """
    found: dict[str, str] = {}
    for node in graph.ancestors_first(finished=lambda _: False):
        inputs = {
            name: [found[value.node_id], value.slot] if isinstance(value, Link) else value
            for name, value in node.inputs.items()
        }
        content = fingerprint(str(node.inputs["image"])) if node.class_type == "LoadImage" else ""
        text = json.dumps([node.class_type, inputs, content], sort_keys=True)
        found[node.id] = hashlib.sha256(text.encode()).hexdigest()
    return found
