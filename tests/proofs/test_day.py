"""A short run of the proof `day`."""

from __future__ import annotations

from proofs.day import day

SHORT = {"jobs": 144, "megabytes": 64, "seed": 1}


async def test_nobody_is_refused_for_an_old_picture_and_each_result_finds_room() -> None:
    figures = await day(**SHORT)
    assert figures.broken == []
    assert figures.refused_in_crowds > 0
    assert figures.oldest
