"""A short run of the proof `storms`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from proofs.storms import storm
from qwenedit_testkit.system import around_bots

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(600)  # five starts of a bot
async def test_lost_replies_and_429s_of_every_method_leave_each_job_answered_once(tmp_path: Path) -> None:
    async with around_bots(tmp_path) as system:
        figures = await storm(system, kinds=("cut",), users=2, seconds=(2.0, 2.0))
    assert figures.jobs == 8
    assert figures.broken == []
