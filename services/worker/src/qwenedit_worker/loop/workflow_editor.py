"""Edits on ComfyUI, with the workflow that each job asks for."""

from __future__ import annotations

import random
import secrets
from typing import TYPE_CHECKING, Protocol

from qwenedit_jobs.sample_picture import gradient
from qwenedit_worker.comfyui import EditRequest, Workflow, WorkflowFileError, workflow_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwenedit_jobs import Job
    from qwenedit_worker.comfyui import ComfyUI, EditResult, Progress


class Editor(Protocol):
    """Executes edits."""

    async def edit(
        self,
        job: Job,
        *,
        attempt: int,
        pictures: tuple[bytes, ...],
        on_progress: Callable[[Progress], None],
        deadline: float,
    ) -> EditResult:
        """Execute one attempt; if cancelled, stop the execution and clean up.

        Args:
            job: The job.
            attempt: 1 for the first.
            pictures: The job's pictures, in its order.
            on_progress: Called with each stage and step; must not block.
            deadline: When it must have ended, on the event loop's clock.

        Raises:
            ComfyUIError: of the class that decides what happens next.
        """


class ComfyUIEditor:
    """Executes edits on one ComfyUI.

    Args:
        comfyui: The server.
        default: The workflow of jobs that name none.
        folder: Has the others by name; each is read when first needed.
        on_workflow: Called with a workflow's name before its first job is executed.
    """

    def __init__(
        self,
        comfyui: ComfyUI,
        *,
        default: Workflow,
        folder: Path,
        on_workflow: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._comfyui = comfyui
        self._default = default
        self._folder = folder
        self._on_workflow = on_workflow
        self._loaded = {default.name: default}
        on_workflow(default.name)

    async def edit(
        self,
        job: Job,
        *,
        attempt: int,
        pictures: tuple[bytes, ...],
        on_progress: Callable[[Progress], None],
        deadline: float,
    ) -> EditResult:
        """Execute one attempt; see `Editor`.

        Raises:
            ComfyUIError: of the class that decides what happens next.
            WorkflowFileError: this installation lacks the job's workflow.
        """
        request = EditRequest(
            job_id=job.id,
            attempt=attempt,
            workflow=self._workflow(job.edit.workflow),
            prompt=job.edit.prompt,
            images=pictures,
            seed=job.edit.seed,
            parameters=job.edit.parameters,
        )
        return await self._comfyui.edit(request, on_progress=on_progress, deadline=deadline)

    async def warm_up(self, *, deadline: float) -> None:
        """Load the default workflow's model, with a one-step edit of a small picture.

        Args:
            deadline: When it must have ended, on the event loop's clock.

        Raises:
            ComfyUIError: the model couldn't be loaded or used.
        """
        smallest = self._default.smallest()
        request = EditRequest(
            job_id=f"warm-up-{secrets.token_hex(4)}",
            attempt=1,
            workflow=smallest,
            prompt="warm-up",
            images=(gradient(256),) * smallest.max_images,
            seed=random.getrandbits(32),
        )
        await self._comfyui.edit(request, on_progress=lambda _progress: None, deadline=deadline)

    def label(self, job: Job) -> str:
        """Return a job's workflow as a label of metrics; `unknown` if this installation lacks it."""
        name = job.edit.workflow or self._default.name
        return name if name in self._loaded else "unknown"

    def _workflow(self, name: str | None) -> Workflow:
        if name is None:
            return self._default
        if name not in self._loaded:
            if name.endswith(".json"):
                raise WorkflowFileError(f"{name!r} is no workflow's name")
            self._loaded[name] = Workflow.load(workflow_path(name, self._folder))
            self._on_workflow(name)
        return self._loaded[name]
