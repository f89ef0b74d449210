"""A short run of the proof `day`, and of the same day with scripts that break its promises."""

from __future__ import annotations

import shutil

import pytest

from proofs.day import day
from qwenedit_jobs.pictures import redis_store
from qwenedit_jobs.queue import queue_view

SHORT = {"jobs": 144, "megabytes": 64, "seed": 1}


async def test_nobody_is_refused_for_an_old_picture_and_each_result_finds_room() -> None:
    figures = await day(**SHORT)
    assert figures.good, figures
    assert figures.refused_in_crowds > 0
    assert figures.oldest


@pytest.mark.parametrize(
    ("script", "right", "wrong", "broken"),
    [
        ("prelude", "local kept_free = unfinished * of_each", "local kept_free = 0", "no_room_for_result"),
        ("prelude", "limit > 0 and missing > 0 and", "false and", "refused"),
        ("prelude", "redis.call('ZRANGE', ANSWERED_PICTURES, 0, AT_MOST - 1)", "{}", "refused_beside_old"),
        ("prelude", "        drop_pictures(refs)\n", "", "photos_left"),
        ("answered", "spare_pictures({ picture })\n", "", "refused"),
        (
            "settle",
            "redis.call('EXPIRE', PICTURE_PREFIX .. args.picture, args.picture_ttl)\n",
            "spare_pictures({ args.picture })\n",
            "lost_results",
        ),
    ],
)
async def test_day_shows_that_a_script_is_broken(script, right, wrong, broken, tmp_path, monkeypatch) -> None:
    shutil.copytree(str(queue_view.SCRIPTS), tmp_path, dirs_exist_ok=True)
    found = tmp_path / f"{script}.lua"
    text = found.read_text()
    assert text.count(right) == 1, "the mutation fits the script"
    found.write_text(text.replace(right, wrong))
    for module in (queue_view, redis_store):
        monkeypatch.setattr(module, "SCRIPTS", tmp_path)
    figures = await day(**SHORT)
    assert getattr(figures, broken) > 0, figures
    assert not figures.good
