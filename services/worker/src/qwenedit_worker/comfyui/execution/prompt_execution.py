"""One execution of an edit: upload, submit, follow, fetch; cancel if it wasn't finished."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from qwenedit_telemetry import attributes, tracing
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.errors import ComfyUIBusy, ComfyUIError, ComfyUIUnavailable, OutOfMemory, SilentExecutor
from qwenedit_worker.comfyui.execution.png import SIGNATURE
from qwenedit_worker.comfyui.execution.transfer import fetch
from qwenedit_worker.comfyui.protocol.history import HistoryRecord, Unfinished
from qwenedit_worker.comfyui.protocol.transport import NotSentError
from qwenedit_worker.comfyui.protocol.websocket import LOST
from qwenedit_worker.comfyui.types import EditResult, EditStage, Progress
from qwenedit_worker.comfyui.workflow.sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from qwenedit_worker.comfyui.protocol.api import Api
    from qwenedit_worker.comfyui.protocol.websocket import Feed, FeedEvent
    from qwenedit_worker.comfyui.server.executor_watch import ExecutorWatch
    from qwenedit_worker.comfyui.types import EditRequest
    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow

log = structlog.get_logger(__name__)


_ORDER = list(EditStage)


class PromptExecution:
    """One prompt, from its upload to its result.

    Args:
        request: what to execute.
        api: the server's endpoints.
        feed: the websocket.
        on_progress: called when progress advances; must not block.
        watch: gets each sign of life; knows whether the executor is dead.
        poll_interval: seconds between polls while the websocket is down.
        patience: seconds that the prompt may wait for others' prompts.
    """

    def __init__(
        self,
        request: EditRequest,
        *,
        api: Api,
        feed: Feed,
        on_progress: Callable[[Progress], None],
        watch: ExecutorWatch,
        poll_interval: float,
        patience: float,
    ) -> None:
        self.prompt_id = str(uuid.uuid4())
        self._request = request
        self._api = api
        self._feed = feed
        self._on_progress = on_progress
        self._newest: Progress | None = None
        self._watch = watch
        self._poll_interval = poll_interval
        self._patience = patience
        self._clock = asyncio.get_running_loop().time
        self._bound: BoundWorkflow
        self._waiting: tracing.Span = tracing.NO_SPAN
        self._ask = asyncio.Event()
        self._began: float | None = None
        self._sent_at = 0.0
        self._client_id = ""
        self._answered = self._out = False
        self.uploading = False
        """Whether an upload is unconfirmed."""
        self.inside = False
        """Whether the server may have the prompt in its queue or its history."""

    async def run(self) -> EditResult:
        """Execute the edit."""
        names = [f"picture-{n}{_suffix(picture)}" for n, picture in enumerate(self._request.images, start=1)]
        bound = self._bound = self._bind(names)  # before any upload: the workflow may not take these pictures
        with self._feed.following(self.prompt_id, self._on_event):
            with self._span("upload"):
                await self._upload(names)
            with self._span("submit"):
                await self._submit()
            self._show(Progress(EditStage.QUEUED, 0, bound.steps))
            with self._span("wait") as self._waiting:
                record = await self._follow()
        seconds = self._clock() - (self._began or self._sent_at)
        try:
            file = record.picture(bound)
        except OutOfMemory:
            await self._free()
            raise
        self._show(Progress(EditStage.SENDING, bound.steps, bound.steps))
        with self._span("fetch"):
            png = await fetch(self._api, file)
        return EditResult(png=png, seed=self._request.seed, seconds=seconds)

    async def withdraw(self) -> None:
        """Withdraw the prompt if the server may still have it, and wait until it's gone.

        Checks that the prompt is gone: ComfyUI confirms and ignores a cancel that arrives between the prompt's leaving
        the queue and its start. The caller sets a time limit: otherwise this waits as long as the server ignores it.

        Raises:
            NotSentError: the server is gone, and its queue with it.
        """
        while not self._out:
            try:
                await self._api.cancel(self.prompt_id)
                status = await self._api.prompt_status(self.prompt_id)
            except NotSentError:
                raise
            except ComfyUIUnavailable as error:
                log.info("comfyui.cancel_retried", prompt_id=self.prompt_id, error=str(error))
            else:
                # A cancelled pending prompt leaves no trace; one that was sent just now may not have arrived yet.
                arrived = self._answered or self._clock() - self._sent_at > timeouts.PROMPT_ARRIVAL
                absent = status is Unfinished.UNKNOWN and arrived
                self._out = absent or isinstance(status, HistoryRecord)
            if not self._out:
                await asyncio.sleep(0.2)  # an interrupt acts about 0.1 s later

    def _span(self, what: str) -> AbstractContextManager[tracing.Span]:
        """Trace a part of the execution, with the prompt's ID as in ComfyUI's log."""
        return tracing.span(
            f"comfyui {what}", kind=tracing.Kind.CLIENT, attributes={attributes.PROMPT_ID: self.prompt_id}
        )

    def _bind(self, names: Sequence[str]) -> BoundWorkflow:
        request = self._request
        return request.workflow.bind(
            images=[f"{request.folder}/{name}" for name in names],
            prompt=request.prompt,
            seed=request.seed,
            # A part of the prompt's id makes the name unlike any earlier one: ComfyUI answers a graph that it has
            # executed before from its cache, with the name of a file that has been deleted since.
            prefix=f"{request.folder}/edited-{self.prompt_id[:8]}",
            parameters=request.parameters,
            sizes=tuple(map(size_of, request.images)),
        )

    async def _upload(self, names: Sequence[str]) -> None:
        self.uploading = True
        for name, picture in zip(names, self._request.images, strict=True):
            await self._api.upload(picture, folder=self._request.folder, name=name)
        self.uploading = False

    async def _submit(self) -> None:
        """Send the prompt, once. If the reply is lost, it's withdrawn, and the queue retries the job."""
        self._sent_at, self.inside = self._clock(), True
        client_id = self._client_id = self._feed.client_id
        try:
            await self._api.submit(self._bound, prompt_id=self.prompt_id, client_id=client_id)
        except ComfyUIError as error:
            self.inside = not isinstance(error, NotSentError)
            self._answered = not isinstance(error, ComfyUIUnavailable)
            raise
        self._answered = True

    async def _follow(self) -> HistoryRecord:
        unseen = False
        while True:
            await self._pause(soon=unseen)
            match await self._status():
                case HistoryRecord() as record:
                    self._out = True
                    return record
                case Unfinished.RUNNING:
                    self._show(Progress(EditStage.STARTING, 0, self._bound.steps))
                case Unfinished.PENDING | Unfinished.IDLE if self._watch.condemned:
                    raise SilentExecutor(self._watch.condemned, submitted=True)
                case Unfinished.PENDING | Unfinished.IDLE as status if self._waited_long(status):
                    raise ComfyUIBusy(f"others' prompts came first for {self._patience:g} s")
                case Unfinished.UNKNOWN if unseen:
                    self._out = True
                    raise ComfyUIUnavailable(
                        "the prompt vanished: the server restarted, or somebody removed it", submitted=True
                    )
                case status:
                    unseen = status is Unfinished.UNKNOWN

    def _waited_long(self, status: Unfinished) -> bool:
        patience = max(self._patience, timeouts.IDLE_QUEUE) if status is Unfinished.IDLE else self._patience
        return self._clock() - self._sent_at >= patience

    async def _status(self) -> HistoryRecord | Unfinished:
        """Poll the prompt's state until there's a reply or the server counts as gone.

        Raises:
            ComfyUIUnavailable: it's gone; the attempt counts.
        """
        started = self._clock()
        while True:
            try:
                return await self._api.prompt_status(self.prompt_id)
            except ComfyUIUnavailable as error:
                patience = 5.0 if isinstance(error, NotSentError) else timeouts.SILENT_SERVER
                if self._clock() - started >= patience:
                    raise ComfyUIUnavailable(f"lost sight of the prompt: {error}", submitted=True) from error
            await asyncio.sleep(self._poll_interval)

    async def _pause(self, *, soon: bool) -> None:
        """Wait until a poll is useful: the end was reported, or the websocket is down."""
        listening = self._client_id == self._feed.client_id and self._feed.open.is_set()
        with suppress(TimeoutError):
            wait = timeouts.POLL_BESIDE_WEBSOCKET if listening and not soon else self._poll_interval
            async with asyncio.timeout(wait):
                await self._ask.wait()
        self._ask.clear()

    async def _free(self) -> None:
        try:
            await self._api.free()
        except ComfyUIError as error:
            log.warning("comfyui.memory_not_freed", error=str(error))

    def _show(self, progress: Progress) -> None:
        """Report progress, ignoring late and repeated events."""
        if progress.stage is not EditStage.QUEUED:
            self._began = self._began or self._clock()
        if self._newest is None or _rank(progress) > _rank(self._newest):
            self._newest = progress
            self._on_progress(progress)

    def _on_event(self, event: FeedEvent) -> None:
        if event is not LOST:
            self._watch.heard(self.prompt_id)
        bound = self._bound
        if event.over:
            self._ask.set()
        elif not event.steps:
            self._show(Progress(EditStage.STARTING, 0, bound.steps))
            if event.node in bound.loaders:
                self._show(Progress(EditStage.LOADING, 0, bound.steps))
            elif event.node and bound.steps_node is None:
                self._show(Progress(EditStage.EDITING))
        elif event.node == bound.steps_node or event.steps == bound.steps:
            self._show(Progress(EditStage.EDITING, event.step, event.steps))
            self._waiting.event("step", {attributes.STEP: event.step, attributes.STEPS: event.steps})


def _rank(progress: Progress) -> tuple[int, int]:
    return _ORDER.index(progress.stage), progress.step


def _suffix(picture: bytes) -> str:
    """Return a picture's file extension, for people: ComfyUI looks at the bytes."""
    if picture.startswith(SIGNATURE):
        return ".png"
    if picture.startswith(b"RIFF") and picture[8:12] == b"WEBP":
        return ".webp"
    return ".jpg"
