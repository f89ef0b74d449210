"""The one way to ComfyUI."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import structlog

from qwenedit_telemetry import tracing
from qwenedit_worker.comfyui.api import Api
from qwenedit_worker.comfyui.companions import beside
from qwenedit_worker.comfyui.errors import ComfyUIError, ComfyUIUnavailable, EditTimeout, SilentExecutor
from qwenedit_worker.comfyui.execution import Execution
from qwenedit_worker.comfyui.progress import Reporter
from qwenedit_worker.comfyui.readiness import Readiness
from qwenedit_worker.comfyui.record import State
from qwenedit_worker.comfyui.transport import NotSentError, Transport
from qwenedit_worker.comfyui.verdict import ExecutorWatch, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from types import TracebackType

    from qwenedit_worker.comfyui.folders import SharedFolders
    from qwenedit_worker.comfyui.model import EditRequest, EditResult, Progress
    from qwenedit_worker.comfyui.workflow import Workflow

log = structlog.get_logger(__name__)

CLEAN_UP = 5.0
"""Seconds within which an edit is taken back and its traces are removed; what remains is tried after later edits."""
LANDING = 0.5
"""Seconds within which a picture whose upload was broken off is stored, if it is: the server finishes what it has."""
MOST_LEFTOVERS = 100
MOST_EDITS = 3
"""At once. Each holds a websocket; the pool's other connections to the server are left for requests."""
VERDICT_TIMEOUT = 3.0
"""Seconds; a liveness probe waits for it."""


class ComfyUI:
    """One ComfyUI server. An async context manager; holds one pooled session.

    Args:
        url: of the server.
        workflows: what check() answers for.
        timeout: COMFYUI_TIMEOUT in seconds, the longest that an edit may run.
        poll_interval: seconds between questions while the websocket is silent.
        on_request: told of each request's route and of the reply's HTTP status, `none` where no reply came.
        folders: the server's folders, where this process can reach them; without, its pictures stay there.
    """

    def __init__(
        self,
        url: str,
        *,
        workflows: Sequence[Workflow],
        timeout: float = 300.0,
        poll_interval: float = 0.25,
        on_request: Callable[[str, str], None] = lambda _route, _status: None,
        folders: SharedFolders | None = None,
    ) -> None:
        self._transport = Transport(url, on_request=on_request)
        self._api = Api(self._transport)
        self._readiness = Readiness(self._api, workflows)
        self._watch = ExecutorWatch(longest_edit=timeout)
        self._poll_interval = poll_interval
        self._folders = folders
        self._room = asyncio.Semaphore(MOST_EDITS)
        self._leftovers: dict[str, tuple[str, int]] = {}

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def edit(
        self, request: EditRequest, *, on_progress: Callable[[Progress], Awaitable[None]], deadline: float
    ) -> EditResult:
        """Execute one edit, and leave no trace of it on the server.

        Cancelled, or past its deadline, it takes the prompt back first; all that takes `CLEAN_UP` seconds at most.

        Args:
            request: what to edit, and how.
            on_progress: told of each stage and step; never delays the edit. Its exceptions end the edit.
            deadline: when the edit must have ended, on the event loop's clock (time.monotonic()).

        Raises:
            ComfyUIError: of the class that decides what happens to the job; see `errors`.
        """
        reporter = Reporter(on_progress)
        execution = Execution(
            request,
            api=self._api,
            transport=self._transport,
            reporter=reporter,
            watch=self._watch,
            verdict=self.verdict,
            poll_interval=self._poll_interval,
        )
        try:
            async with (
                asyncio.timeout_at(deadline) as limit,
                self._room,
                beside(execution.listen(), reporter.run()),
            ):
                await self._withdraw_leftovers()
                return await execution.run()
        except TimeoutError as error:
            if limit.expired():
                raise EditTimeout("the deadline passed before there was a picture") from error
            raise
        except ComfyUIUnavailable as error:
            self._doubt(error)
            raise
        finally:
            with tracing.span("comfyui clean up", kind=tracing.Kind.CLIENT):
                await self._clean_up(execution, request)

    async def check(self) -> None:
        """Find out whether an edit would be possible now. Cheap after the first time.

        Raises:
            ComfyUIUnavailable: the server does not reply, or its executor is condemned.
            WorkflowRejected: it lacks a node class, an input or a choice that a workflow uses.
            ModelMissing: it lacks model files.
        """
        try:
            verdict = self._watch.observe(await self._api.queue())
            if verdict.condemned:
                raise SilentExecutor(verdict.reason)
            await self._readiness.check()
        except ComfyUIUnavailable as error:
            self._doubt(error)
            raise

    async def verdict(self) -> Verdict:
        """Judge the executor. Takes `VERDICT_TIMEOUT` seconds at most, and never raises for the server's silence."""
        try:
            queue = await self._api.queue(within=VERDICT_TIMEOUT)
        except ComfyUIUnavailable as error:
            self._doubt(error)
            return self._watch.unreachable(str(error))
        return self._watch.observe(queue)

    def _doubt(self, error: ComfyUIUnavailable) -> None:
        """What is known of the server may be out of date: who does not take connections is about to be another one."""
        self._readiness.doubt()
        if isinstance(error, NotSentError):
            self._watch.gone()

    async def _clean_up(self, execution: Execution, request: EditRequest) -> None:
        if not execution.sent:
            if execution.uploading and self._folders is not None:
                await asyncio.sleep(LANDING)
            await self._remove_files(request.job_id, request.attempt)
            return
        self._leftovers[execution.prompt_id] = (request.job_id, request.attempt)
        try:
            async with asyncio.timeout(CLEAN_UP):
                await execution.withdraw()
                await self._clear_leftovers(out=execution.prompt_id)
        except (TimeoutError, ComfyUIError) as error:
            log.warning("comfyui.left_behind", prompt_id=execution.prompt_id, job_id=request.job_id, error=str(error))
        while len(self._leftovers) > MOST_LEFTOVERS:
            del self._leftovers[next(iter(self._leftovers))]

    async def _withdraw_leftovers(self) -> None:
        """Cancel again what could not be taken back at the time, so that this edit need not wait for it to end."""
        try:
            async with asyncio.timeout(CLEAN_UP):
                for prompt_id in tuple(self._leftovers):
                    if (await self._api.standing(prompt_id)).state in (State.PENDING, State.RUNNING):
                        await self._api.cancel(prompt_id)
        except (TimeoutError, ComfyUIError) as error:
            log.info("comfyui.leftovers_stay", count=len(self._leftovers), error=str(error))

    async def _clear_leftovers(self, *, out: str) -> None:
        """Delete history and pictures of the edit that is `out`, and of earlier ones that were not at their end."""
        gone = (State.FINISHED, State.UNKNOWN)
        earlier = self._leftovers.keys() - {out}
        done = [out] + [prompt_id for prompt_id in earlier if (await self._api.standing(prompt_id)).state in gone]
        await self._api.forget(done)
        for prompt_id in done:
            self._watch.ended(prompt_id)
            if left := self._leftovers.pop(prompt_id, None):  # unless another edit was faster
                await self._remove_files(*left)

    async def _remove_files(self, job_id: str, attempt: int) -> None:
        if self._folders is not None:
            await self._folders.remove(job_id, attempt)
