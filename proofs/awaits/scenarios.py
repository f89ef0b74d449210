"""The scenarios in which a worker comes to each of its awaits."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

from proofs.awaits.acts import (
    Act,
    Prepare,
    allowed_after,
    busy,
    cancel,
    cancel_first,
    cut,
    denied,
    leave_unheard,
    lose_comfyui,
    lose_comfyui_in_line,
    nothing,
    paused,
    resume_when_warm,
    script,
    slow_result,
    steal,
    tell,
    told_in_claim,
    torn_down_in_upload,
    unchanged,
    unreadable,
    until_given_back,
    until_judged,
    without_executor,
    without_pictures,
)
from qwenedit_testkit.proxy import Toxic


@dataclass(frozen=True)
class Scenario:
    """What happens to one worker and its jobs."""

    name: str
    act: Act = nothing
    prepare: Prepare = unchanged
    jobs: int = 1
    faults: tuple[tuple[str, dict[str, Any]], ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    """Of the worker; `{folder}` is one that the run removes."""
    seconds: float = 60.0
    """At most; it is over as soon as nothing more will happen to the jobs."""
    cancels: bool = False


HANG = ("hang", {"seconds": 2, "times": 1})
STUCK = ("hang", {"times": 1})
"""Until the scenario lets it go on, or its worker has ended."""
WARM_UP = {"WORKER_WARM_UP": "true"}
SCENARIOS = (
    Scenario("plain", jobs=3),
    Scenario("cancelled", act=cancel, faults=(STUCK,), cancels=True),
    Scenario("failing", faults=(("execution_error", {"times": 1}),)),
    Scenario("vanished", faults=(("vanish", {"times": 1}),)),
    Scenario("no output", faults=(("missing_output", {"times": 1}),)),
    Scenario("rejected", faults=(("node_errors", {"times": 1}),)),
    Scenario("leaving", act=tell(signal.SIGTERM), faults=(STUCK,)),
    Scenario("abandoning", act=tell(signal.SIGTERM, signal.SIGTERM), faults=(STUCK,)),
    Scenario("torn down", act=tell(signal.SIGUSR2), faults=(STUCK,)),
    Scenario("lease lost", act=steal, faults=(HANG,)),
    Scenario("out of memory", faults=(("oom", {"times": 1}),)),
    Scenario("no answer", faults=(("drop_answer", {"path": "/prompt", "times": 2}),)),
    Scenario("refused", faults=(("http_error", {"path": "/prompt", "times": 2}),)),
    Scenario("Redis away", act=cut("redis", Toxic.DOWN, 4, after=0.5), jobs=2, faults=(HANG,)),
    Scenario("leaving unheard", prepare=denied(script("heartbeat")), act=leave_unheard, faults=(STUCK,)),
    Scenario("torn in upload", act=torn_down_in_upload),
    Scenario("wait cut", prepare=denied("BLMOVE"), act=allowed_after(5)),
    Scenario("ComfyUI away", act=cut("comfyui", Toxic.DOWN, 2), faults=(HANG,)),
    Scenario("ComfyUI lost", act=lose_comfyui, faults=(HANG,)),
    Scenario("claim torn", act=told_in_claim(signal.SIGUSR2)),
    Scenario("claim left", act=told_in_claim(signal.SIGTERM)),
    Scenario("lost in line", act=lose_comfyui_in_line, env={"WORKER_POLLING_INTERVAL": "5"}, seconds=110),
    Scenario("claim cut", prepare=denied(script("claim")), act=allowed_after(5)),
    Scenario("result cut", prepare=denied(script("settle")), act=allowed_after(5)),
    Scenario("result slow", act=slow_result, faults=(HANG,)),
    Scenario("start cut", prepare=denied("\r\nINFO\r\n"), act=allowed_after(5)),
    Scenario("no picture", prepare=without_pictures, act=allowed_after(5)),
    Scenario("unreadable", prepare=unreadable),
    Scenario("leftovers", jobs=2, act=cancel_first, faults=(STUCK,), cancels=True),
    Scenario("busy", prepare=busy, act=until_judged, faults=(STUCK,)),
    Scenario("given back", prepare=busy, act=until_given_back, faults=(STUCK,)),
    Scenario("no executor", prepare=without_executor, seconds=8),
    Scenario("warm-up", prepare=paused, act=resume_when_warm, env=WARM_UP),
    Scenario("no warm-up", env=WARM_UP),
    Scenario("models", env={"WORKFLOW": "qwen-image-edit-2511-fast"}),
    Scenario("no websocket", prepare=denied("GET /ws", wire="comfyui")),
    Scenario("upload cut", faults=(("drop_answer", {"path": "/upload", "times": 1}),)),
    Scenario("not fetched", faults=(("http_error", {"path": "/view", "times": 2}),)),
)
"""In the order of what is preferred for an await that several meet."""
