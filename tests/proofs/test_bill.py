"""Chaos holds the ledger to the workers' metrics as exactly as it can know them."""

from __future__ import annotations

import pytest

from proofs.chaos.bill import Account, Bill


def bill(told: float) -> Bill:
    """One worker that is there and has 5 of its 60 s yet to report, one that was killed at 40 s with 6 unreported."""
    accounts = {("w1", 1): Account(60.0, 5.0), ("w2", 2): Account(40.0, 6.0)}
    return Bill("", accounts, killed=6.0, told={"gpu_seconds": told, "lost_seconds": 0.0, "pictures": 9})


@pytest.mark.parametrize("told", [89.0, 92.5, 95.0])
def test_ledger_may_have_what_a_killed_worker_reported_at_last(told: float):
    assert bill(told).right
    assert bill(told).apart == 0


@pytest.mark.parametrize(("told", "apart"), [(87.0, -0.02), (97.0, 0.02)])
def test_ledger_that_lost_a_report_or_counted_one_twice_is_wrong(told: float, apart: float):
    assert not bill(told).right
    assert bill(told).apart == pytest.approx(apart)
