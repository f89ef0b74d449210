"""The one way to ComfyUI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from qwenedit_worker.comfyui.model import EditRequest, EditResult, Progress
    from qwenedit_worker.comfyui.verdict import Verdict
    from qwenedit_worker.comfyui.workflow import Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFolders:
    """ComfyUI's own folders, where this process can reach them, so that pictures are deleted after each job."""

    input: Path
    output: Path


class ComfyUI:
    """One ComfyUI server. An async context manager."""

    def __init__(
        self,
        url: str,
        *,
        workflows: Sequence[Workflow],
        timeout: float = 300.0,
        poll_interval: float = 0.25,
        folders: SharedFolders | None = None,
    ) -> None:
        """`workflows` are what check() answers for; `timeout` (COMFYUI_TIMEOUT, s) the longest that an edit may run."""

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def edit(
        self, request: EditRequest, *, on_progress: Callable[[Progress], Awaitable[None]], deadline: float
    ) -> EditResult:
        """Execute one edit. `deadline` is on the event loop's clock, which is time.monotonic(). Raises ComfyUIError."""
        raise NotImplementedError

    async def check(self) -> None:
        """Raise a ComfyUIError unless the server is reachable and has all that the workflows need."""
        raise NotImplementedError

    async def verdict(self) -> Verdict:
        """Judge the executor. Never raises for an unreachable server; cheap enough for a liveness probe."""
        raise NotImplementedError
