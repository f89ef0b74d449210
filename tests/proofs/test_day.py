"""A short run of the proof `day`, and of the same day with scripts that break its promises."""

from __future__ import annotations

import shutil

import pytest

from proofs.day import day
from qwenedit_jobs.pictures import redis_store
from qwenedit_jobs.queue import queue

SHORT = {"jobs": 144, "megabytes": 64, "seed": 1}


async def test_nobody_is_refused_for_an_old_picture_and_each_result_finds_room() -> None:
    figures = await day(**SHORT)
    assert figures.good, figures
    assert figures.refused_in_crowds > 0
    assert figures.oldest


@pytest.mark.parametrize(
    ("script", "right", "wrong", "broken"),
    [
        ("memory", "(waiting + running + draining + delayed)", "0", "no_room_for_result"),
        ("memory", "limit > 0 and missing > 0 and", "false and", "refused"),
        ("memory", "redis.call('ZRANGE', ANSWERED, 0, AT_MOST - 1)", "{}", "refused_beside_old"),
        ("pictures", "        drop_pictures(refs)\n", "", "photos_left"),
        ("answered", "spare_pictures({ picture })\n", "", "refused"),
        ("complete", "redis.call('EXPIRE', PICTURE .. ref, seconds)\n", "spare_pictures({ ref })\n", "lost_results"),
    ],
)
async def test_day_shows_that_a_script_is_broken(script, right, wrong, broken, tmp_path, monkeypatch) -> None:
    shutil.copytree(str(queue.SCRIPTS), tmp_path, dirs_exist_ok=True)
    (found,) = tmp_path.glob(f"*/{script}.lua")
    text = found.read_text()
    assert text.count(right) == 1, "the mutation fits the script"
    found.write_text(text.replace(right, wrong))
    for module in (queue, redis_store):
        monkeypatch.setattr(module, "SCRIPTS", tmp_path)
    figures = await day(**SHORT)
    assert getattr(figures, broken) > 0, figures
    assert not figures.good
