"""The worker's client of ComfyUI."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import structlog

from qwenedit_telemetry import tracing
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.errors import (
    ComfyUIError,
    ComfyUIUnavailable,
    EditTimeout,
    ModelMissing,
    SilentExecutor,
    WorkflowRejected,
)
from qwenedit_worker.comfyui.execution.prompt_execution import PromptExecution
from qwenedit_worker.comfyui.protocol.api import Api, SystemStats
from qwenedit_worker.comfyui.protocol.transport import Transport
from qwenedit_worker.comfyui.protocol.websocket import Feed
from qwenedit_worker.comfyui.server.executor_watch import ExecutorVerdict, ExecutorWatch
from qwenedit_worker.comfyui.server.requirements import Requirements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from qwenedit_worker.comfyui.execution.folders import SharedFolders
    from qwenedit_worker.comfyui.types import EditRequest, EditResult, Progress
    from qwenedit_worker.comfyui.workflow.workflow import Workflow

log = structlog.get_logger(__name__)


class ComfyUI:
    """One ComfyUI server. An async context manager.

    Args:
        url: of the server.
        workflows: what `check` validates.
        timeout: COMFYUI_TIMEOUT, the time limit of an edit in seconds.
        poll_interval: seconds between polls while the websocket is down.
        patience: seconds that an edit may wait for other clients' prompts.
        on_request: called with each request's route and HTTP status, `none` without a reply.
        folders: the server's folders, if this process shares them; otherwise its pictures stay there.
    """

    def __init__(
        self,
        url: str,
        *,
        workflows: Sequence[Workflow],
        timeout: float = 300.0,
        poll_interval: float = 0.25,
        patience: float = 30.0,
        on_request: Callable[[str, str], None] = lambda _route, _status: None,
        folders: SharedFolders | None = None,
    ) -> None:
        self._transport = Transport(url, on_request=on_request, on_refused=self._expect_restart)
        self._api = Api(self._transport)
        self._workflows = workflows
        self._requirements = Requirements(self._api, workflows)
        self._watch = ExecutorWatch(longest_edit=timeout)
        self._poll_interval = poll_interval
        self._patience = patience
        self._folders = folders
        self._feed = Feed(self._transport)
        self._listening: asyncio.Task[None] | None = None
        self._tidying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        self._listening = asyncio.create_task(self._feed.run(), name="comfyui-websocket")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self.tidied()
            for task in self._tidying:
                task.cancel()
        finally:
            if self._listening is not None:
                self._listening.cancel()
                await asyncio.wait([self._listening])
            await self._transport.__aexit__(kind, error, traceback)

    async def edit(
        self, request: EditRequest, *, on_progress: Callable[[Progress], None], deadline: float
    ) -> EditResult:
        """Execute one edit, and leave no trace of it on the server.

        If it's cancelled or past its deadline, withdraws the prompt first, within `timeouts.CLEAN_UP` seconds. Traces
        of a successful edit are removed in the background; see `tidied`.

        Args:
            request: what to edit, and how.
            on_progress: called with each stage and step; must not block.
            deadline: when the edit must have ended, on the event loop's clock (time.monotonic()).

        Raises:
            ComfyUIError: of the class that decides what happens to the job; see `errors`.
        """
        execution = PromptExecution(
            request,
            api=self._api,
            feed=self._feed,
            on_progress=on_progress,
            watch=self._watch,
            poll_interval=self._poll_interval,
            patience=self._patience,
        )
        try:
            async with asyncio.timeout_at(deadline) as limit:
                result = await execution.run()
        except BaseException as error:
            tidying = self._tidy(execution, request.folder)
            if not execution.uploading:
                await asyncio.wait([tidying], timeout=timeouts.CLEAN_UP)
            if isinstance(error, TimeoutError) and limit.expired():
                raise EditTimeout("the deadline passed before there was a picture") from error
            if isinstance(error, ModelMissing) and request.workflow not in self._workflows:
                # The worker is ready without it, so nobody waits for the file to come.
                raise WorkflowRejected(f"workflow {request.workflow.name}: {error}") from error
            raise
        self._tidy(execution, request.folder)
        return result

    async def tidied(self) -> None:
        """Wait until earlier edits' traces are removed, for `timeouts.CLEAN_UP` seconds at most."""
        if self._tidying:
            await asyncio.wait(self._tidying, timeout=timeouts.CLEAN_UP)

    async def check(self) -> None:
        """Check that an edit is possible now. Cheap after the first time.

        Raises:
            ComfyUIUnavailable: the server doesn't reply, or the latest verdict condemned its executor.
            WorkflowRejected: it lacks a node class, an input or a choice that a workflow uses.
            ModelMissing: it lacks model files.
        """
        if self._watch.condemned:
            raise SilentExecutor(self._watch.condemned)
        await self._requirements.check()

    async def verdict(self) -> ExecutorVerdict:
        """Judge the executor. Doesn't raise if the server is silent."""
        try:
            queue = await self._api.queue()
        except ComfyUIUnavailable as error:
            return self._watch.unreachable(str(error))
        return self._watch.observe(queue)

    async def system_stats(self) -> SystemStats:
        """Return the server's version and GPU.

        Raises:
            ComfyUIUnavailable: no usable reply.
        """
        return await self._api.system_stats()

    def _expect_restart(self) -> None:
        """Discard cached checks: a server that refuses connections may return as another version."""
        self._requirements.compare_again()
        self._watch.gone()

    def _tidy(self, execution: PromptExecution, folder: str) -> asyncio.Task[None]:
        """Start withdrawing an edit and removing its traces."""
        task = asyncio.create_task(self._remove_traces(execution, folder), name="comfyui-tidying")
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)
        return task

    async def _remove_traces(self, execution: PromptExecution, folder: str) -> None:
        if execution.uploading:
            await asyncio.sleep(timeouts.BROKEN_UPLOAD_STORED)
        with tracing.span("comfyui clean up", kind=tracing.Kind.CLIENT):
            if execution.inside:
                try:
                    async with asyncio.timeout(5 * 60):
                        await execution.withdraw()
                        await self._api.delete_history(execution.prompt_id)
                except (TimeoutError, ComfyUIError) as error:
                    reason = str(error) or "it still runs after 5 min"
                    log.warning("comfyui.cleanup_failed", prompt_id=execution.prompt_id, error=reason)
            if self._folders is not None:
                await self._folders.remove(folder)
