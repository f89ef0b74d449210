"""A workflow in ComfyUI's API format, and how to fill it in for one edit. (Skeleton of the interface.)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import JsonValue


class WorkflowFileError(ValueError):
    """The workflow's file, or its binding, cannot be used. The message names file, node and input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundWorkflow:
    """A graph ready to be submitted."""

    graph: dict[str, JsonValue]
    output_node: str
    steps: int
    steps_node: str | None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file with its binding."""

    name: str
    max_images: int

    @classmethod
    def load(cls, path: Path) -> Workflow:
        """Read `path` and its sibling `NAME.binding.json`, if any. Raises WorkflowFileError."""
        raise NotImplementedError

    def bind(self, *, images: Sequence[str], prompt: str, seed: int, prefix: str) -> BoundWorkflow:
        """Fill the graph in."""
        raise NotImplementedError
