"""What goes into an edit and what comes out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_worker.comfyui.workflow.workflow import Workflow

_SAFE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRequest:
    """One attempt at one job."""

    job_id: str
    """Becomes a folder name on the server, hence letters, digits, `-` and `_` only."""
    attempt: int
    """1 for the first; part of the output's name, because ComfyUI answers a repeated graph from its cache."""
    workflow: Workflow
    prompt: str
    images: tuple[bytes, ...]
    """The pictures to edit, as files (JPEG, PNG, WebP), the main one first."""
    seed: int
    parameters: Mapping[str, int | float | str] = field(default_factory=dict)
    """Values for inputs that the workflow's binding names beside the usual ones."""

    def __post_init__(self) -> None:
        if not _SAFE.fullmatch(self.job_id):
            raise ValueError(f"job id {self.job_id!r} cannot be a folder name")

    @property
    def folder(self) -> str:
        """Where the attempt's files lie, in the server's input and output folders."""
        return f"{self.job_id}/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditResult:
    """The edited picture."""

    png: bytes
    seed: int
    seconds: float
    """Execution time as ComfyUI gives it, without waiting and transport; where it gives none, as seen from here."""


class EditStage(StrEnum):
    """How far an edit is. Stages only go forward."""

    QUEUED = "queued"
    """Handed to the server, not begun."""
    STARTING = "starting"
    """Executing, before the first sampling step: encoding, and what else is cheap."""
    LOADING = "loading"
    """Executing, before the first sampling step, since a node began that loads a model: a warm server runs none."""
    EDITING = "editing"
    """Sampling, or, in a workflow without a sampler, executing."""
    SENDING = "sending"
    """Executed; the picture is being fetched."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What an edit is doing now."""

    stage: EditStage
    step: int = 0
    """Steps done, 0 to `steps`."""
    steps: int = 0
    """Steps in all; 0 where the workflow has no sampler."""
