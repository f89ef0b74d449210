from __future__ import annotations

import time
from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qwenedit_bot.scaling.decision import Bound, Memory, Why
from qwenedit_bot.scaling.forecast import PARTS
from qwenedit_bot.scaling.policy import Policy
from qwenedit_bot.scaling.scene import Batch, RunningJob, Scene, batches
from qwenedit_bot.scaling.wanted import decide
from tests.unit.bot.scaling.scenes import FAST, NOW, SLOW, USUAL, bursts, later, names, policies, scene, scenes, times


def test_burst_of_short_jobs_beside_a_warm_worker_orders_none():
    decision = decide(scene([Batch(FAST, 6, 0)], ready=1), Policy(target=120), Memory())
    assert (decision.wanted, decision.why, decision.forecast) == (1, Why.ON_TIME, 60)


def test_burst_of_long_jobs_orders_what_is_needed():
    decision = decide(scene([Batch(SLOW, 6, 0)], ready=1, cold_start=40), Policy(target=180), Memory())
    # Two do six jobs in 40 + 180 s at best; three in 160 s.
    assert (decision.wanted, decision.why, decision.forecast) == (3, Why.ON_TIME, 160)


def test_worker_that_would_come_after_the_line_is_done_is_not_ordered():
    decision = decide(scene([Batch(FAST, 12, 0)], ready=1, cold_start=300), Policy(target=60), Memory())
    assert (decision.wanted, decision.why, decision.forecast, decision.late) == (1, Why.LATE, 120, 6)


def test_crowd_that_keeps_coming_orders_for_those_who_will_come():
    burst = [Batch(FAST, 4, 10)]
    crowd = [Batch(FAST, 1, 130), Batch(FAST, 1, 70), Batch(FAST, 2, 10)]
    policy = Policy(target=150)
    assert decide(scene(burst, [RunningJob(SLOW, 50)], ready=1, cold_start=600), policy, Memory()).wanted == 1
    assert decide(scene(crowd, [RunningJob(SLOW, 50)], ready=1, cold_start=600), policy, Memory()).wanted == 1
    crowd = [Batch(FAST, 6, 130), Batch(FAST, 6, 70), Batch(FAST, 6, 10)]
    assert decide(scene(crowd, [RunningJob(SLOW, 50)], ready=1, cold_start=600), policy, Memory()).wanted > 1


def test_first_job_of_a_fresh_installation_is_served_on_assumptions():
    decision = decide(scene([Batch("", 1, 0)], cold_start=None, durations={}), Policy(), Memory())
    assert decision.wanted == 1
    assert decision.assumed == ("cold_start", "duration:")
    assert decision.forecast == 360


def test_target_below_a_usual_job_is_said_and_orders_no_more_than_helps():
    decision = decide(scene([Batch(SLOW, 1, 0)], ready=1), Policy(target=30, maximum=20), Memory())
    assert (decision.wanted, decision.why, decision.too_short, decision.late) == (1, Why.LATE, True, 1)


def test_budget_holds_back_what_the_line_needs():
    policy = Policy(maximum=20, price=2.0, budget=5.0)
    decision = decide(scene([Batch(SLOW, 40, 0)], ready=1), policy, Memory())
    assert (decision.wanted, decision.why, decision.bound) == (2, Why.LATE, Bound.BUDGET)


def test_paused_queue_orders_nothing_and_keeps_what_runs():
    paused = scene([Batch(SLOW, 40, 0)], [RunningJob(SLOW, 5)] * 2, ready=2, paused=True)
    decision = decide(paused, Policy(), Memory())
    assert (decision.wanted, decision.why, decision.forecast) == (2, Why.PAUSED, None)


def test_jobs_in_hand_above_a_lowered_maximum_do_not_lift_it():
    decision = decide(scene(running=[RunningJob(SLOW, 5)] * 5, ready=5), Policy(maximum=2), Memory())
    assert (decision.wanted, decision.bound) == (2, Bound.MAXIMUM)


def test_new_leader_takes_back_nothing_at_once():
    policy = Policy(hold=60)
    there = scene(running=[RunningJob(SLOW, 5)], ready=3, unready=1)
    first = decide(there, policy, Memory())
    assert (first.wanted, first.why, first.starting) == (4, Why.HELD, 1)
    assert decide(later(there, 61), policy, first.memory).wanted == 1


def test_number_is_held_as_long_as_a_cold_start_takes_and_never_ordered_again():
    policy, busy = Policy(target=180), scene(running=[RunningJob(SLOW, 5)], ready=3, cold_start=100)
    memory = decide(scene([Batch(SLOW, 8, 0)], ready=3, cold_start=100), policy, Memory()).memory
    assert decide(later(busy, 99), policy, memory).wanted == 3
    assert decide(later(busy, 101), policy, memory).wanted == 1
    gone = scene(running=[RunningJob(SLOW, 5)], ready=1, cold_start=100)
    idle = decide(later(scene(ready=1, cold_start=100), 30), policy, memory)
    assert idle.wanted == 0
    assert decide(later(gone, 50), policy, idle.memory).wanted == 1


def test_ordered_worker_is_awaited_and_not_ordered_again():
    policy = Policy(target=180, hold=0)
    line = [Batch(SLOW, 6, 0)]
    first = decide(scene(line, ready=1, cold_start=40), policy, Memory())
    assert first.wanted == 3
    second = decide(later(scene(line, ready=1, cold_start=40), 20), policy, first.memory)
    assert (second.wanted, second.starting, second.forecast) == (3, 2, 140)


def test_late_jobs_get_as_many_workers_as_spare_them_enough():
    """Twenty minutes of work from nothing: each of eight workers spares its users minutes."""
    policy = Policy(target=120, maximum=8)
    assert decide(scene([Batch(SLOW, 40, 0)], cold_start=300), policy, Memory()).wanted == 8
    assert decide(scene([Batch(FAST, 2, 0)], cold_start=300), policy, Memory()).wanted == 1


def test_worker_that_is_up_and_never_ready_gets_another_one_beside_it():
    policy, line = Policy(target=120), [Batch(FAST, 1, 0)]
    memory = decide(scene(line, cold_start=100), policy, Memory()).memory
    soon = decide(later(scene(line, cold_start=100, unready=1), 150), policy, memory)
    assert soon.wanted == 1
    assert decide(later(scene(line, cold_start=100, unready=1), 201), policy, soon.memory).wanted == 2


def test_gpu_out_of_stock_is_awaited_and_not_ordered_again():
    policy, line = Policy(target=120), [Batch(FAST, 1, 0)]
    memory = decide(scene(line, cold_start=100), policy, Memory()).memory
    assert decide(later(scene([Batch(FAST, 1, 3600)], cold_start=100), 3600), policy, memory).wanted == 1


@pytest.mark.parametrize("broken", [nan, inf, -inf, -5.0])
def test_numbers_that_cannot_be_count_as_unknown_or_as_none(broken: float):
    line = [Batch(SLOW, 2, broken, broken), Batch(SLOW, -3, 0)]
    odd = scene(line, [RunningJob(SLOW, broken)], ready=-1, unready=-2, cold_start=broken, durations={SLOW: broken})
    plain = scene([Batch(SLOW, 2, 0)], [RunningJob(SLOW, 0)], cold_start=None, durations={})
    decision = decide(odd, Policy(), Memory())
    assert decision.facts() == decide(plain, Policy(), Memory()).facts()
    assert decision.assumed == ("cold_start", f"duration:{SLOW}")


def test_ten_thousand_jobs_of_mixed_workflows_cost_milliseconds():
    mixed = batches((FAST if number % 2 else SLOW, number / 10) for number in range(10_000, 0, -1))
    crowd = scene(mixed, ready=20)
    began = time.process_time()
    decision = decide(crowd, Policy(maximum=100), Memory())
    assert time.process_time() - began < 0.25  # 25 ms on an idle machine
    assert decision.jobs == 10_000


@given(scenes(), policies())
def test_wanted_is_within_its_bounds(found: Scene, policy: Policy):
    wanted = decide(found, policy, Memory()).wanted
    waits = any(batch.jobs for batch in found.line)
    assert min(policy.most, max(policy.minimum, len(found.running), int(waits))) <= wanted <= policy.most


@given(scenes(bursts), policies(), names, st.integers(1, 50))
def test_more_waiting_jobs_never_want_fewer_workers(found: Scene, policy: Policy, workflow: str, more: int):
    assume(more + sum(batch.jobs for batch in found.line) <= PARTS)  # longer lines are rounded
    crowded = Scene(found.outlook, [*found.line, Batch(workflow, more, 0)], found.running, found.starting)
    assert decide(crowded, policy, Memory()).needed >= decide(found, policy, Memory()).needed


@given(scenes(bursts), policies(), st.sampled_from([0.125, 0.5, 2, 64]))
def test_wanted_does_not_depend_on_the_unit_of_time(found: Scene, policy: Policy, factor: float):
    """Powers of two, since other factors round."""
    scaled = scene(
        [Batch(each.workflow, each.jobs, each.waited * factor) for each in found.line],
        [RunningJob(each.workflow, each.elapsed * factor) for each in found.running],
        ready=found.outlook.workers,
        unready=found.outlook.unready,
        cold_start=(found.outlook.cold_start or 0) * factor,
        starting=[age * factor for age in found.starting or ()],
        now=NOW * factor,
        durations={workflow: seconds * factor for workflow, seconds in USUAL.items()},
    )
    unit = replace(policy, target=policy.target * factor, hold=(policy.hold or 0) * factor)
    assert decide(scaled, unit, Memory()).wanted == decide(found, policy, Memory()).wanted


@settings(max_examples=50)
@given(scenes(), policies(), st.lists(times(0.1, 30), min_size=3, max_size=30))
def test_constant_scene_never_flaps(found: Scene, policy: Policy, pauses: list[float]):
    memory, wanted, passed = Memory(), [], 0.0
    for pause in pauses:
        passed += pause
        decision = decide(later(found, passed), policy, memory)
        memory = decision.memory
        wanted.append(decision.wanted)
    assert wanted == sorted(wanted, reverse=True)
