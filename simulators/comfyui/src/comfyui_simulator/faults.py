"""Faults on demand: what a test may ask to go wrong, and how often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class FaultName(StrEnum):
    """All faults. `seconds`, `at_step` and the like are fields of `Fault`."""

    # The server as a whole; these act at once, or with `at_step` when a prompt has done that step.
    REFUSE = "refuse"
    """Stop listening for `seconds` (1) and close all connections; the running prompt goes on."""
    RESTART = "restart"
    """Forget queue, history and cache and be gone for `seconds` (1): what a crash and its restart look like."""
    DROP_SOCKET = "drop_socket"
    """Cut every open websocket."""
    SILENT_SOCKET = "silent_socket"
    """Every websocket open now stays open and receives nothing more."""
    KILL_EXECUTOR = "kill_executor"
    """End the executor: the running prompt stays running, others wait for ever, until a restart."""

    # HTTP; narrowed by `path` (a prefix, such as /prompt).
    SLOW = "slow"
    """Answer `seconds` (1) later."""
    HTTP_ERROR = "http_error"
    """Answer with 503."""
    DROP_ANSWER = "drop_answer"
    """Carry the request out, then cut the connection instead of answering."""
    DISK_FULL = "disk_full"
    """Uploads are answered 500."""
    CUT_PICTURE = "cut_picture"
    """`/view` sends half of the picture, then cuts the connection."""
    HANG_PICTURE = "hang_picture"
    """`/view` sends half of the picture, then nothing for `seconds` (60)."""
    TOO_LARGE = "too_large"
    """Uploads are answered 413."""
    NODE_ERRORS = "node_errors"
    """A prompt is accepted with 200 and a `node_errors` that is not empty."""
    MISSING_MODEL = "missing_model"
    """The files whose name holds `model` (all) are gone from the models folder, until the fault is cleared."""

    # One prompt; narrowed by `prompt` (words of its instruction) and `at_step` (else: at its first node).
    HANG = "hang"
    """The running prompt stays running without an event, for `seconds` or, without any, until the faults are cleared.

    With `times`, so many prompts do; without, all do until then.
    """
    INTERRUPT = "interrupt"
    """Another client interrupts the running prompt."""
    METADATA = "metadata"
    """SaveImage writes the whole graph into the picture, as a server does that runs without `--disable-metadata`."""
    VANISH = "vanish"
    """The running prompt disappears: no event, no history."""
    OOM = "oom"
    """The node fails with torch.OutOfMemoryError."""
    OOM_LOADING = "oom_loading"
    """The same of the node that loads the model."""
    EXECUTION_ERROR = "execution_error"
    """The node fails with `message`."""
    SUCCESS_WITH_ERROR = "success_with_error"
    """The history says success while its messages hold an execution_error, and the output is missing."""
    MISSING_OUTPUT = "missing_output"
    """The prompt succeeds without its output."""
    OTHER_OUTPUT = "other_output"
    """The picture that is saved is the one in `file` instead."""
    SLOW_LOAD = "slow_load"
    """Loading the model takes `seconds` (10), and cannot be interrupted."""
    LOSE_INTERRUPT = "lose_interrupt"
    """An interrupt is answered with success and forgotten, as one is that arrives while the prompt is being started."""


OF_SERVER = (
    FaultName.REFUSE,
    FaultName.RESTART,
    FaultName.DROP_SOCKET,
    FaultName.SILENT_SOCKET,
    FaultName.KILL_EXECUTOR,
)
"""Faults of the server as a whole, which without `at_step` are not armed but carried out."""
LASTING = (FaultName.MISSING_MODEL, FaultName.HANG)
"""Faults that stay until they are cleared, unless told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An armed fault.

    Attributes:
        times: How often it still strikes; None is always.
        at_step: Strike after this sampling step; None strikes at the first opportunity.
        prompt: Strike only prompts whose instruction or filename_prefix holds this.
        path: Strike only requests whose path starts with this.
    """

    name: FaultName
    times: int | None = 1
    seconds: float | None = None
    at_step: int | None = None
    prompt: str = ""
    path: str = ""
    message: str = "simulated failure"
    model: str = ""
    file: str = ""

    def lasts(self, default: float = 1.0) -> float:
        """Its seconds."""
        return default if self.seconds is None else self.seconds

    def fits(self, name: FaultName, *, step: int | None = None, about: str = "", path: str = "") -> bool:
        """Whether it strikes there."""
        return self.name is name and self.at_step == step and self.prompt in about and path.startswith(self.path)


def parse_fault(body: dict[str, Any]) -> Fault:
    """Read a request of the control endpoint.

    Raises:
        ValueError: The fault is unknown.
        TypeError: It has no such parameter.
    """
    name = FaultName(body.pop("fault"))
    return Fault(name=name, **({"times": None} if name in LASTING else {}) | body)


class Faults:
    """The armed faults, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self._cleared = asyncio.Event()

    def clear(self) -> None:
        """Remove all, and end what lasts until then."""
        self.armed.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def until_cleared(self) -> None:
        """Wait for the next time that all are removed."""
        await self._cleared.wait()

    def peek(self, name: FaultName) -> Fault | None:
        """Return the first of a name without using it up."""
        return next((fault for fault in self.armed if fault.name is name), None)

    def take(self, name: FaultName, *, step: int | None = None, about: str = "", path: str = "") -> Fault | None:
        """Return the first one that fits, used once."""
        for index, fault in enumerate(self.armed):
            if fault.fits(name, step=step, about=about, path=path):
                if fault.times is not None:
                    left = fault.times - 1
                    self.armed[index : index + 1] = [replace(fault, times=left)] if left > 0 else []
                return fault
        return None
