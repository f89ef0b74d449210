"""What the worker's business needs from the outside; the adapters are joined to it in `app`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_jobs import Claim, Job, Lease, Phase, Reason, Result, Settled
    from qwenedit_jobs.workers.presence import Presence
    from qwenedit_worker.comfyui import EditResult, Progress


class Queue(Protocol):
    """The worker's half of `qwenedit_jobs.JobQueue`, whose documentation holds here.

    Every method may raise `QueueUnavailableError`, and may then be called again with the same arguments.
    """

    async def claim(  # noqa: D102
        self, *, worker: str, token: str, lease: float, pictures_up_to: int = 0, wait: float = 0.0
    ) -> Claim | None: ...
    async def abandon(self, token: str) -> Settled: ...  # noqa: D102
    async def renew(self, job_id: str, token: str, *, lease: float) -> Lease: ...  # noqa: D102
    async def progress(  # noqa: D102
        self, job_id: str, token: str, phase: Phase, *, step: int = 0, steps: int = 0
    ) -> Lease: ...
    async def complete(  # noqa: D102
        self, job_id: str, token: str, result: Result, *, picture: bytes | None = None
    ) -> Settled: ...
    async def fail(self, job_id: str, token: str, reason: Reason, detail: str = "") -> Settled: ...  # noqa: D102
    async def retry(self, job_id: str, token: str, reason: Reason, detail: str = "") -> Settled: ...  # noqa: D102
    async def release(self, job_id: str, token: str) -> Settled: ...  # noqa: D102
    async def defer(self, job_id: str, token: str) -> Settled: ...  # noqa: D102
    async def drain(self, job_id: str, token: str) -> Lease: ...  # noqa: D102


class Pictures(Protocol):
    """The worker's half of the picture store; raises `QueueUnavailableError` as `Queue` does."""

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: it is no longer kept.
        """


class Register(Protocol):
    """Which workers there are; raises `QueueUnavailableError` as `Queue` does."""

    async def beat(self, presence: Presence) -> None:
        """Give a sign of life."""

    async def leave(self, worker: str) -> None:
        """Say goodbye."""


class Editor(Protocol):
    """Executes edits."""

    async def busy(self) -> bool:
        """Whether somebody's job is executed or waits; no where that cannot be found out now."""

    async def edit(
        self,
        job: Job,
        *,
        attempt: int,
        pictures: tuple[bytes, ...],
        on_progress: Callable[[Progress], Awaitable[None]],
        deadline: float,
    ) -> EditResult:
        """Execute one attempt; cancelled, it stops the execution and cleans up.

        Args:
            job: What is asked for.
            attempt: 1 for the first.
            pictures: The job's pictures, in its order.
            on_progress: Told of each stage and step.
            deadline: When it must have ended, on the event loop's clock.

        Raises:
            ComfyUIError: of the class that decides what happens next.
        """
