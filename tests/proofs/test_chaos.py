"""A short run of the proof `chaos`."""

from __future__ import annotations

import pytest

from proofs.chaos.faults import DECK, WIRES
from proofs.chaos.report import lines
from proofs.chaos.run import run
from qwenedit_testkit.proxy import Toxic


@pytest.mark.timeout(600)
async def test_every_job_is_answered_once_whatever_dies_or_ails():
    result = await run(100, seed=1, workers=3, gap=0.3, least=25, most=sum(DECK.values()) + len(Toxic) * len(WIRES))
    report = "\n".join(lines(result))
    print(report)  # noqa: T201 - shown with -s, and where the test fails
    assert result.verdict.broken == [], report
    assert result.verdict.accepted == result.verdict.sent == 100
    assert sum(result.faults.values()) >= 25, report
