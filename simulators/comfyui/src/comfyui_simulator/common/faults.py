"""Faults on demand: what a test may ask to go wrong, and how often."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from comfyui_simulator.common.errors import FaultError

if TYPE_CHECKING:
    from collections.abc import Mapping


class FaultName(StrEnum):
    """All faults. `seconds`, `at_step` and the like are fields of `Fault`."""

    # The server as a whole; these act at once, or with `at_step` when a prompt has done that step.
    REFUSE = "refuse"
    """Stop listening for `seconds` (1) and close all connections; the running prompt goes on."""
    RESTART = "restart"
    """Forget queue, history and cache and be gone for `seconds` (1): what a crash and its restart look like."""
    DIE = "die"
    """End the process with `exit_code` (1), without cleaning up."""
    DROP_SOCKET = "drop_socket"
    """Cut every open websocket."""
    SILENT_SOCKET = "silent_socket"
    """Every websocket open now stays open and receives nothing more."""
    KILL_EXECUTOR = "kill_executor"
    """End the executor thread: the running prompt stays running, others wait for ever, until a restart."""

    # HTTP; narrowed by `path` (a prefix, such as /prompt).
    SLOW = "slow"
    """Answer `seconds` (1) later."""
    HTTP_ERROR = "http_error"
    """Answer with `status` (503)."""
    DROP_ANSWER = "drop_answer"
    """Carry the request out, then cut the connection instead of answering."""
    DISK_FULL = "disk_full"
    """Uploads are answered 500; with `path` /output saving a picture fails instead."""
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
    """The node fails with `message` and `exception_type`."""
    SUCCESS_WITH_ERROR = "success_with_error"
    """The history says success while its messages hold an execution_error, and the output is missing."""
    MISSING_OUTPUT = "missing_output"
    """The prompt succeeds without its output."""
    OTHER_OUTPUT = "other_output"
    """The picture that is saved is the one in `file` instead."""
    LATE_HISTORY = "late_history"
    """The history is written `seconds` (1) after the execution_success event."""
    SLOW_LOAD = "slow_load"
    """Loading the model takes `seconds` (10), and cannot be interrupted."""
    IGNORE_INTERRUPT = "ignore_interrupt"
    """Interrupts act only `seconds` (5) after they arrived."""
    LOSE_INTERRUPT = "lose_interrupt"
    """An interrupt is answered with success and forgotten, as one is that arrives while the prompt is being started."""


LASTING = frozenset({FaultName.MISSING_MODEL, FaultName.HANG})
"""Faults that stay until they are cleared, unless told otherwise."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An armed fault.

    Attributes:
        times: How often it still strikes; None is always.
        at_step: Strike after this sampling step; None strikes at the first opportunity.
        prompt: Strike only prompts whose instruction or filename_prefix holds this.
        path: Strike only requests whose path starts with this; a leading /api doesn't count.
    """

    name: FaultName
    times: int | None = 1
    seconds: float | None = None
    at_step: int | None = None
    prompt: str = ""
    path: str = ""
    status: int = 503
    exit_code: int = 1
    message: str = "simulated failure"
    exception_type: str = "RuntimeError"
    model: str = ""
    file: str = ""


def parse_fault(body: Mapping[str, Any]) -> Fault:
    """Read a request of the control endpoint.

    Raises:
        FaultError: The fault or a parameter is unknown.
    """
    try:
        name = FaultName(str(body.get("fault")))
    except ValueError:
        raise FaultError(f"no such fault: {body.get('fault')!r}; there are: {', '.join(FaultName)}") from None
    given = {key: value for key, value in body.items() if key != "fault"}
    known = {field.name for field in fields(Fault)} - {"name"}
    if unknown := set(given) - known:
        raise FaultError(f"no such parameter: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
    fault = Fault(name=name, **given)
    return replace(fault, times=None) if name in LASTING and "times" not in given else fault


class Faults:
    """The armed faults. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self._clearings = 0

    def arm(self, fault: Fault) -> None:
        """Add one."""
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        """Remove all."""
        with self._lock:
            self._armed.clear()
            self._clearings += 1

    @property
    def clearings(self) -> int:
        """How often all were removed: what a fault that has struck, and lasts until then, looks at."""
        with self._lock:
            return self._clearings

    def snapshot(self) -> list[dict[str, Any]]:
        """The armed ones, for the control endpoint."""
        with self._lock:
            return [asdict(fault) for fault in self._armed]

    def peek(self, name: FaultName, *, step: int | None = None, about: str = "", path: str = "") -> Fault | None:
        """The first armed fault that fits, without using it up."""
        with self._lock:
            return next((fault for fault in self._armed if _fits(fault, name, step, about, path)), None)

    def take(self, name: FaultName, *, step: int | None = None, about: str = "", path: str = "") -> Fault | None:
        """The first armed fault that fits, used once."""
        with self._lock:
            for index, fault in enumerate(self._armed):
                if not _fits(fault, name, step, about, path):
                    continue
                if fault.times is not None:
                    left = fault.times - 1
                    self._armed[index : index + 1] = [replace(fault, times=left)] if left > 0 else []
                return fault
        return None


def _fits(fault: Fault, name: FaultName, step: int | None, about: str, path: str) -> bool:
    return fault.name is name and fault.at_step == step and fault.prompt in about and path.startswith(fault.path)
