"""Scenes and policies of all kinds, for properties of the number of wanted workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from qwenedit_bot.edits.progress.eta import Outlook
from qwenedit_bot.scaling.policy import Policy
from qwenedit_bot.scaling.scene import Batch, RunningJob, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_000_000.0
FAST, SLOW = "fast", "slow"
USUAL = {FAST: 10.0, SLOW: 60.0}


def times(least: float, most: float) -> st.SearchStrategy[float]:
    """Return seconds in steps of 1/1024: with them sums, and products with powers of two, are exact."""
    return st.integers(round(least * 1024), round(most * 1024)).map(lambda steps: steps / 1024)


seconds = times(0, 3600)
names = st.sampled_from([FAST, SLOW])
bursts = times(0, 0.9)
"""Seconds waited within one minute, also in another unit of time: nobody expects more jobs then."""
jobs_in_hand = st.lists(st.builds(RunningJob, names, times(0, 120)), max_size=6)


def scene(  # one argument for each thing that a test is about
    line: Sequence[Batch] = (),
    running: Sequence[RunningJob] = (),
    *,
    ready: int = 0,
    unready: int = 0,
    cold_start: float | None = 300.0,
    starting: Sequence[float] | None = None,
    now: float = NOW,
    paused: bool = False,
    durations: dict[str, float] | None = None,
) -> Scene:
    outlook = Outlook(
        now=now,
        workers=ready,
        paused=paused,
        durations=USUAL if durations is None else durations,
        cold_start=cold_start,
        unready=unready,
    )
    return Scene(outlook, tuple(line), tuple(running), starting)


def later(of: Scene, passed: float) -> Scene:
    """Return the same scene at another time."""
    return replace(of, outlook=replace(of.outlook, now=of.outlook.now + passed))


@st.composite
def scenes(draw: st.DrawFn, waited: st.SearchStrategy[float] = seconds) -> Scene:
    running = draw(jobs_in_hand)
    return scene(
        draw(st.lists(st.builds(Batch, names, st.integers(1, 15), waited), max_size=6)),
        running,
        ready=len(running) + draw(st.integers(0, 4)),
        unready=draw(st.integers(0, 2)),
        cold_start=draw(times(10, 600)),
        starting=draw(st.lists(times(0, 900), max_size=4)),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    minimum = draw(st.integers(0, 3))
    return Policy(
        target=draw(times(5, 900)),
        minimum=minimum,
        maximum=max(1, minimum) + draw(st.integers(0, 20)),
        hold=draw(times(0, 600)),
    )
