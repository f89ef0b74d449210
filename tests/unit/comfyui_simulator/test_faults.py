from __future__ import annotations

import pytest

from comfyui_simulator.common.errors import FaultError
from comfyui_simulator.common.faults import Fault, FaultName, Faults, parse_fault


@pytest.fixture
def faults():
    return Faults()


def test_fault_strikes_as_often_as_it_was_asked_to(faults):
    faults.arm(Fault(name=FaultName.OOM, times=2))
    assert [faults.take(FaultName.OOM) is not None for _ in range(3)] == [True, True, False]


def test_fault_without_a_count_strikes_until_cleared(faults):
    faults.arm(Fault(name=FaultName.OOM, times=None))
    assert all(faults.take(FaultName.OOM) for _ in range(5))
    faults.clear()
    assert faults.take(FaultName.OOM) is None


def test_peeking_uses_nothing_up(faults):
    faults.arm(Fault(name=FaultName.OOM))
    assert faults.peek(FaultName.OOM) == faults.peek(FaultName.OOM) == faults.take(FaultName.OOM)


def test_fault_strikes_only_at_its_step_its_prompt_and_its_path(faults):
    faults.arm(Fault(name=FaultName.OOM, at_step=2, prompt="snow"))
    assert faults.take(FaultName.OOM, step=1, about="snow") is None
    assert faults.take(FaultName.OOM, step=2, about="rain") is None
    assert faults.take(FaultName.VANISH, step=2, about="snow") is None
    assert faults.take(FaultName.OOM, step=2, about="make it snow") is not None
    faults.arm(Fault(name=FaultName.SLOW, path="/prompt"))
    assert faults.take(FaultName.SLOW, path="/queue") is None
    assert faults.take(FaultName.SLOW, path="/prompt") is not None


def test_lasting_faults_stay_unless_told_otherwise():
    assert parse_fault({"fault": "missing_model"}).times is None
    assert parse_fault({"fault": "missing_model", "times": 2}).times == 2
    assert parse_fault({"fault": "oom"}).times == 1


@pytest.mark.parametrize("body", [{}, {"fault": "earthquake"}, {"fault": "oom", "magnitude": 9}])
def test_fault_that_does_not_exist_is_refused(body):
    with pytest.raises(FaultError, match="there are: "):
        parse_fault(body)
