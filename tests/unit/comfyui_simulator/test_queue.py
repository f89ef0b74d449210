from __future__ import annotations

import pytest

from comfyui_simulator.execution.queue import Prompt, PromptOutcome, PromptQueue
from comfyui_simulator.nodes.graph import Graph


def prompt(number, prompt_id):
    return Prompt(number, prompt_id, Graph({}, ()), {}, {"create_time": 0}, "", "")


@pytest.fixture
def changes():
    return []


@pytest.fixture
def queue(changes):
    return PromptQueue(lambda: changes.append(1))


def test_prompts_are_taken_by_number(queue):
    for number in (3, 1, 2):
        queue.put(prompt(number, f"p{number}"))
    assert [queue.take(0).id for _ in range(3)] == ["p1", "p2", "p3"]
    assert queue.take(0) is None


def test_taken_prompt_runs_until_it_is_finished(queue):
    queue.put(prompt(1, "p"))
    taken = queue.take(0)
    assert (queue.running(), queue.waiting(), queue.remaining()) == ([taken], [], 1)
    queue.finish(taken, PromptOutcome(status="success", completed=True, messages=[]))
    assert (queue.running(), queue.remaining()) == ([], 0)
    assert queue.history("p")["status"]["status_str"] == "success"


def test_prompt_finished_without_an_outcome_leaves_no_trace(queue):
    queue.put(prompt(1, "p"))
    queue.finish(queue.take(0), None)
    assert (queue.remaining(), queue.history("p")) == (0, None)


def test_deleted_prompt_leaves_no_trace(queue):
    queue.put(prompt(1, "p"))
    assert queue.delete("p") is True
    assert queue.delete("p") is False
    assert (queue.remaining(), queue.history("p")) == (0, None)


def test_every_change_is_announced(queue, changes):
    queue.put(prompt(1, "p"))
    queue.finish(queue.take(0), PromptOutcome(status="success", completed=True, messages=[]))
    assert len(changes) == 3


def test_same_number_and_id_twice_cannot_be_ordered_and_stay_in_the_heap(queue):
    queue.put(prompt(1, "p"))
    with pytest.raises(TypeError):
        queue.put(prompt(1, "p"))
    assert queue.remaining() == 2


def test_acting_on_a_running_prompt_spares_all_others(queue):
    queue.put(prompt(1, "p"))
    acted = []
    assert queue.if_running("p", lambda: acted.append("p")) is False
    queue.take(0)
    assert queue.if_running("p", lambda: acted.append("p")) is True
    assert acted == ["p"]


def test_forgotten_history_is_gone(queue):
    for name in ("one", "two"):
        queue.put(prompt(1, name))
        queue.finish(queue.take(0), PromptOutcome(status="error", completed=False, messages=[]))
    queue.forget("one")
    assert list(queue.all_history()) == ["two"]
    queue.forget_all()
    assert queue.all_history() == {}
