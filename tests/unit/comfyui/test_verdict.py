"""The zombie verdict: what condemns an executor, and what must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwenedit_worker.comfyui.protocol.api import Queue
from qwenedit_worker.comfyui.server.executor_watch import ExecutorWatch

if TYPE_CHECKING:
    from qwenedit_testkit.clock import Clock

IDLE = Queue(running=(), pending=())
STUCK = Queue(running=(), pending=("a", "b"))
BUSY = Queue(running=("a",), pending=("b",))


@pytest.fixture
def watch(clock: Clock) -> ExecutorWatch:
    return ExecutorWatch(longest_edit=300, clock=clock)


def seen_for(watch: ExecutorWatch, clock: Clock, queue: Queue, seconds: float, *, every: float = 5) -> bool:
    """Whether the watch condemns at any time while it sees the same queue."""
    condemned = watch.observe(queue).condemned
    end = clock.now + seconds
    while clock.now < end:
        clock.now = min(clock.now + every, end)
        condemned = watch.observe(queue).condemned or condemned
    return condemned


def test_prompts_that_wait_while_none_runs_condemn(watch, clock) -> None:
    assert not seen_for(watch, clock, STUCK, 14)
    assert seen_for(watch, clock, STUCK, 2, every=1)


def test_pause_of_the_observer_alone_does_not_condemn(watch, clock) -> None:
    watch.observe(STUCK)
    clock.now += 3600
    assert not watch.observe(STUCK).condemned


def test_queue_that_moves_is_alive_even_if_it_is_never_caught_running(watch, clock) -> None:
    for number in range(100):
        clock.now += 5
        assert not watch.observe(Queue(running=(), pending=(f"prompt-{number}", "last"))).condemned


def test_idle_server_is_never_condemned(watch, clock) -> None:
    assert not seen_for(watch, clock, IDLE, 86_400, every=60)


def test_loading_model_is_not_condemned_within_the_longest_edit(watch, clock) -> None:
    assert not seen_for(watch, clock, BUSY, 300)


def test_prompt_that_outlives_the_longest_edit_without_a_sign_is_condemned(watch, clock) -> None:
    assert seen_for(watch, clock, BUSY, 361)


def test_long_steps_are_signs_of_life(watch, clock) -> None:
    for _ in range(30):
        assert not seen_for(watch, clock, BUSY, 120)
        watch.heard("a")


def test_signs_of_another_prompt_do_not_excuse(watch, clock) -> None:
    condemned = False
    for _ in range(8):
        watch.heard("b")
        condemned = seen_for(watch, clock, BUSY, 50) or condemned
    assert condemned


def test_condemnation_outlives_the_prompt_that_was_taken_back_but_not_for_ever(watch, clock) -> None:
    assert seen_for(watch, clock, STUCK, 20)
    assert watch.observe(IDLE).condemned
    clock.now += 61
    assert not watch.observe(IDLE).condemned


@pytest.mark.parametrize("sign", ["event", "running", "gone"])
def test_sign_of_life_or_a_restart_acquits(watch, clock, sign) -> None:
    assert seen_for(watch, clock, STUCK, 20)
    match sign:
        case "event":
            watch.heard("a")
        case "running":
            watch.observe(BUSY)
        case "gone":
            watch.gone()
    assert not watch.observe(IDLE).condemned


def test_server_that_never_replied_is_starting(watch, clock) -> None:
    for _ in range(100):
        clock.now += 60
        assert not watch.unreachable("refused").condemned


def test_server_that_fell_silent_is_condemned_after_a_minute(watch, clock) -> None:
    watch.observe(IDLE)
    assert not watch.unreachable("timeout").condemned
    clock.now += 59
    assert not watch.unreachable("timeout").condemned
    clock.now += 1
    assert watch.unreachable("timeout").condemned
    watch.observe(IDLE)
    assert not watch.unreachable("timeout").condemned


def test_prompt_that_is_gone_is_forgotten(watch, clock) -> None:
    for number in range(1000):
        watch.heard(f"p{number}")
        watch.observe(IDLE)
    assert (len(watch._heard), len(watch._running)) == (0, 0)
