"""One execution of one edit: upload, submit, follow, fetch, and leave nothing behind."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import structlog

from qwenedit_telemetry import attributes, tracing
from qwenedit_worker.comfyui.errors import (
    ComfyUIError,
    ComfyUIUnavailable,
    OutOfMemory,
    PictureLost,
    SilentExecutor,
)
from qwenedit_worker.comfyui.execution.transfer import fetch, upload
from qwenedit_worker.comfyui.protocol.history import PromptState
from qwenedit_worker.comfyui.protocol.transport import NotSentError
from qwenedit_worker.comfyui.protocol.websocket import AskNow, Began, Ended, Ending, Stepped, Subscriber
from qwenedit_worker.comfyui.types import EditResult, Progress, Stage
from qwenedit_worker.comfyui.workflow.sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager

    from qwenedit_worker.comfyui.protocol.api import Api
    from qwenedit_worker.comfyui.protocol.history import PromptStatus, Record
    from qwenedit_worker.comfyui.protocol.websocket import Event, Feed
    from qwenedit_worker.comfyui.server.executor_watch import ExecutorWatch, Verdict
    from qwenedit_worker.comfyui.types import EditRequest
    from qwenedit_worker.comfyui.workflow.workflow import BoundWorkflow

log = structlog.get_logger(__name__)

ARRIVAL = 2.0
"""Seconds that a prompt, sent without a reply, may take to show up before it is sent again."""
REFUSED_PATIENCE = 5.0
"""Seconds of refused connections after which the server counts as gone, and its queue with it."""
SILENT_PATIENCE = 30.0
"""Seconds without a reply from a server that takes connections: a loading model can stall its event loop."""
LONGEST_UNASKED = 2.0
"""Seconds after which the server is asked where the prompt stands, however much the websocket says."""
SOCKET_PATIENCE = 2.0
"""Seconds that the submission waits for the websocket. Without one, only progress is lost."""
VERDICT_PACE = 1.0
"""Seconds between judgements of the executor while our prompt waits."""
WRITING = 0.01
"""Seconds until a look at a record that is just being written, should nothing say that it is; doubled each time."""
WITHDRAWAL_PACE = 0.1
"""Seconds until another look at a cancelled prompt: an interrupt acts about 0.1 s later. Doubled each time."""
LONGEST_WITHDRAWAL_PACE = 1.0

_ORDER = list(Stage)


class PromptExecution:
    """One prompt's life.

    Args:
        request: what to execute.
        api: the server's endpoints.
        feed: the websocket.
        on_progress: told of each progress that goes further than the one before; must not block.
        watch: told of each sign of life.
        verdict: judges the executor.
        poll_interval: seconds between questions while the websocket is silent.
    """

    def __init__(
        self,
        request: EditRequest,
        *,
        api: Api,
        feed: Feed,
        on_progress: Callable[[Progress], None],
        watch: ExecutorWatch,
        verdict: Callable[[], Awaitable[Verdict]],
        poll_interval: float,
    ) -> None:
        self.prompt_id = str(uuid.uuid4())
        self._request = request
        self._sizes = tuple(map(size_of, request.images))
        self._api = api
        self._on_progress = on_progress
        self._newest: Progress | None = None
        self._watch = watch
        self._verdict = verdict
        self._poll_interval = poll_interval
        self._clock = asyncio.get_running_loop().time
        self._feed = feed
        self._subscriber = Subscriber(self.prompt_id, self._on_event)
        self._bound: BoundWorkflow | None = None
        self._waiting: tracing.Span = tracing.NO_SPAN
        self._ask = asyncio.Event()
        self._heard = self._clock()
        self._writing: float | None = None
        self._uploading = False
        self._sent = False
        self._sent_twice = False
        self._arrived = False
        self._settled = False

    @property
    def sent(self) -> bool:
        """Whether the server may know the prompt."""
        return self._sent

    @property
    def uploading(self) -> bool:
        """Whether an upload was broken off: the server may store its picture yet."""
        return self._uploading

    @property
    def settled(self) -> bool:
        """Whether the prompt is known to be out of the server."""
        return self._settled

    async def run(self) -> EditResult:
        """Execute.

        Raises:
            ComfyUIError: there will be no picture.
        """
        with self._feed.subscribed(self._subscriber):
            return await self._run()

    async def _run(self) -> EditResult:
        began = self._clock()
        bound = self._bound = await self._bind()
        with self._span("submit"):
            await self._submit(bound)
        self._show(Progress(Stage.QUEUED, 0, bound.steps))
        with self._span("wait") as self._waiting:
            record = await self._follow(bound)
        self._settled = True
        try:
            file = record.picture(bound)
        except OutOfMemory:
            await self._free()
            raise
        self._show(Progress(Stage.SENDING, bound.steps, bound.steps))
        with self._span("fetch"):
            png = await fetch(self._api, file, on_gone=self._watch.gone)
        seconds = record.seconds
        return EditResult(
            png=png, seed=self._request.seed, seconds=self._clock() - began if seconds is None else seconds
        )

    async def withdraw(self) -> None:
        """Take the prompt back, if it may still be inside the server, and wait until it is out.

        A cancel is believed only once the prompt is seen to be out: one that arrives between the prompt's leaving the
        queue and its start is confirmed, and forgotten. To be bounded by the caller: it goes on for as long as the
        server, or the prompt, is deaf.

        Raises:
            NotSentError: the server is gone, and its queue with it.
        """
        if self._sent_twice:
            await self._api.cancel(self.prompt_id)  # the other copy, should both have arrived
        if not self._sent or self._settled:
            return
        started, pace = self._clock(), WITHDRAWAL_PACE
        while not self._settled:
            try:
                self._settled = await self._cancel(may_arrive=self._clock() - started <= ARRIVAL)
            except NotSentError:
                raise
            except ComfyUIUnavailable as error:
                log.info("comfyui.cancel_retried", prompt_id=self.prompt_id, error=str(error))
            if not self._settled:
                await asyncio.sleep(pace)
                pace = min(pace * 2, LONGEST_WITHDRAWAL_PACE)

    async def _cancel(self, *, may_arrive: bool) -> bool:
        """Cancel once, and say whether the prompt is out; one not yet seen counts as in while it `may_arrive`."""
        await self._api.cancel(self.prompt_id)
        state = (await self._api.prompt_status(self.prompt_id)).state
        if state is PromptState.UNKNOWN:  # a cancelled pending prompt leaves no trace
            return self._arrived or not may_arrive
        self._arrived = True
        if state is PromptState.RUNNING:
            self._watch.interrupted(self.prompt_id)
        return state is PromptState.FINISHED

    def _span(self, what: str) -> AbstractContextManager[tracing.Span]:
        """A part of the trace: what ComfyUI is asked for, under the id that its own log has."""
        return tracing.span(
            f"comfyui {what}", kind=tracing.Kind.CLIENT, attributes={attributes.PROMPT_ID: self.prompt_id}
        )

    async def _bind(self) -> BoundWorkflow:
        request = self._request
        with self._span("upload"):
            names = await self._upload(request.images)
        # A part of the prompt's id makes the name unlike any earlier one: ComfyUI answers a graph that it has executed
        # before from its cache, with the name of a file that has been deleted since.
        prefix = f"{request.folder}/edited-{self.prompt_id[:8]}"
        return self._filled_in(names, prefix=prefix)

    def _filled_in(self, names: Sequence[str], *, prefix: str) -> BoundWorkflow:
        request = self._request
        return request.workflow.bind(
            images=names,
            prompt=request.prompt,
            seed=request.seed,
            prefix=prefix,
            parameters=request.parameters,
            sizes=self._sizes,
            megapixels=request.megapixels,
        )

    async def _upload(self, pictures: tuple[bytes, ...]) -> tuple[str, ...]:
        request = self._request
        self._filled_in(["" for _ in pictures], prefix="")  # whether that can be done, before any upload
        self._uploading = True
        names = await upload(self._api, pictures, folder=request.folder)
        self._uploading = False
        return names

    async def _submit(self, bound: BoundWorkflow) -> None:
        try:
            async with asyncio.timeout(SOCKET_PATIENCE):
                await self._feed.ready()
        except TimeoutError:
            log.info("comfyui.websocket_late", prompt_id=self.prompt_id)
        for last in (False, True):
            self._sent = True
            client_id = self._subscriber.client_id = self._feed.client_id
            try:
                await self._api.submit(bound, prompt_id=self.prompt_id, client_id=client_id)
            except (NotSentError, PictureLost):
                self._sent = last  # the first try may have arrived after all
                raise
            except ComfyUIUnavailable as error:
                if await self._has_arrived():
                    break
                if last:
                    raise
                log.warning("comfyui.submit_retried", prompt_id=self.prompt_id, error=str(error))
                self._sent_twice = True
            except ComfyUIError:
                self._arrived = True  # or never will: the server has decided
                raise
            else:
                break
        self._arrived = True

    async def _has_arrived(self) -> bool:
        """Ask whether a prompt, sent without a reply, was taken; sent twice, it would be executed twice."""
        give_up = self._clock() + ARRIVAL
        while True:
            if (await self._status()).state is not PromptState.UNKNOWN:
                return True
            if self._clock() >= give_up:
                return False
            await asyncio.sleep(self._poll_interval)

    async def _follow(self, bound: BoundWorkflow) -> Record:
        judged = self._clock()
        while True:
            await self._pause()
            status = await self._status()
            match status.state:
                case PromptState.FINISHED if status.record is not None:
                    return status.record
                case PromptState.RUNNING:
                    self._show(Progress(Stage.STARTING, 0, bound.steps))
                case PromptState.PENDING if self._clock() - judged >= VERDICT_PACE:
                    judged = self._clock()
                    verdict = await self._verdict()
                    if verdict.condemned:
                        raise SilentExecutor(verdict.reason, submitted=True)
                case PromptState.UNKNOWN:
                    self._settled = True
                    self._watch.gone()  # most likely another process already: its predecessor's sins are not its own
                    raise ComfyUIUnavailable(
                        "the prompt vanished: the server restarted, or somebody removed it", submitted=True
                    )
                case _:
                    pass

    async def _status(self) -> PromptStatus:
        """Ask where the prompt stands, until there is a reply or the server must be taken for gone.

        Raises:
            ComfyUIUnavailable: it must; the attempt counts.
        """
        started = self._clock()
        while True:
            try:
                return await self._api.prompt_status(self.prompt_id)
            except ComfyUIUnavailable as error:
                refused = isinstance(error, NotSentError)
                if refused:
                    self._watch.gone()  # back within our patience, it must not be judged by what it did before
                if self._clock() - started >= (REFUSED_PATIENCE if refused else SILENT_PATIENCE):
                    raise ComfyUIUnavailable(f"lost sight of the prompt: {error}", submitted=True) from error
            await asyncio.sleep(self._poll_interval)

    async def _pause(self) -> None:
        """Wait until it makes sense to ask: a hint has come, or nothing has for a while."""
        if self._writing is not None:
            wait, self._writing = self._writing, min(self._writing * 2, self._poll_interval)
        else:
            wait = self._poll_interval
        asked = self._clock()
        while (left := min(max(asked, self._heard) + wait, asked + LONGEST_UNASKED) - self._clock()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._ask.wait()
                break
            except TimeoutError:
                continue
        self._ask.clear()

    async def _free(self) -> None:
        try:
            await self._api.free()
        except ComfyUIError as error:
            log.warning("comfyui.memory_not_freed", error=str(error))

    def _show(self, progress: Progress) -> None:
        """Tell of progress. Going back, as late and repeated events would, changes nothing."""
        if self._newest is None or _rank(progress) > _rank(self._newest):
            self._newest = progress
            self._on_progress(progress)

    def _on_event(self, event: Event) -> None:
        self._heard = self._clock()
        if not isinstance(event, AskNow):
            self._watch.heard(self.prompt_id)
        steps = self._bound.steps if self._bound else 0
        match event:
            case Began(node=node):
                self._show(Progress(Stage.STARTING, 0, steps))
                if self._bound and self._bound.loads_model(node):
                    self._show(Progress(Stage.LOADING, 0, steps))
                elif self._bound and node and self._bound.steps_node is None:
                    self._show(Progress(Stage.EDITING))
            case Stepped() if self._bound and (event.node == self._bound.steps_node or event.steps == steps):
                self._show(Progress(Stage.EDITING, event.step, event.steps))
                self._waiting.event("step", {attributes.STEP: event.step, attributes.STEPS: event.steps})
            case Ending():
                # Asked now, the server would mostly say that it still runs; as soon as it does not, it says so.
                self._writing = self._writing or WRITING
                asyncio.get_running_loop().call_later(WRITING, self._ask.set)
            case Ended() | AskNow():
                self._ask.set()
            case _:
                pass


def _rank(progress: Progress) -> tuple[int, int]:
    return _ORDER.index(progress.stage), progress.step
