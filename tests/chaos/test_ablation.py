"""Proof that the oracle can fail: the product with scripts that do not check a worker's token."""

from __future__ import annotations

import pytest

from tests.chaos.ablation import without_token_check
from tests.chaos.faults import Kind
from tests.chaos.report import lines
from tests.chaos.run import run


@pytest.mark.timeout(600)
async def test_without_the_token_check_the_oracle_sees_jobs_that_end_twice(tmp_path):
    result = await run(
        60,
        seed=1,
        workers=3,
        gap=0.2,
        kinds=[Kind.STOP_WORKER],
        least=1,
        scripts=without_token_check(tmp_path / "lua"),
        patience=60,
    )
    report = "\n".join(lines(result))
    print(report)  # noqa: T201 - shown with -s, and where the test fails
    assert result.verdict.duplicated, report
    assert f"SEED={result.seed}" in report
    job = next(iter(result.verdict.duplicated))
    assert any(line.count(job) and "XADD qwenedit:events" in line for line in result.history.of(job)), report
