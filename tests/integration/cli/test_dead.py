"""Jobs that failed for good, looked at, tried again and forgotten; and the pause."""

from __future__ import annotations

from qwenedit_jobs import input_ref
from tests.integration.cli.conftest import PROMPT


async def test_dead_jobs_are_listed_with_their_reason_and_without_the_prompt(desk):
    identity = await desk.dead(1, detail=f"node 7 could not allocate for {PROMPT}")
    said = await desk.ask("dead", "list")
    assert (said.code, identity in said.out, "out_of_memory" in said.out) == (0, True, True)
    assert "could not allocate for [prompt]" in said.out
    assert PROMPT not in said.out


async def test_dead_job_is_tried_again_with_all_its_attempts(desk):
    identity = await desk.dead(1)
    said = await desk.ask("dead", "retry", identity[:8])
    assert (said.code, said.out) == (0, f"{identity}: in line\n")
    status = await desk.queue.status(identity)
    assert (status.attempt, status.ending) == (0, 1)
    assert (await desk.ask("dead", "list")).out == "No job is dead.\n"


async def test_job_whose_pictures_are_gone_is_not_tried_again(desk):
    identity = await desk.dead(1)
    await desk.redis.delete(desk.keys.picture(input_ref(identity, 0)))
    said = await desk.ask("dead", "retry", identity)
    assert said.code == 1
    assert "its pictures are gone" in said.out
    assert await desk.state(identity) == "failed"


async def test_dead_jobs_are_all_retried_only_where_all_is_said(desk):
    ids = {await desk.dead(number) for number in (1, 2, 3)}
    said = await desk.ask("dead", "drop")
    assert said.code == 2
    assert "one of the arguments ID --all is required" in said.err
    assert set((await desk.ask("dead", "drop", "--all")).out.split()) >= {f"{identity}:" for identity in ids}
    assert (await desk.ask("dead", "retry", "--all")).out == "Nothing to do.\n"


async def test_dropped_job_leaves_nothing_in_the_bucket(desk, tmp_path, monkeypatch):
    monkeypatch.setenv("PICTURES_URL", f"file://{tmp_path}")
    dropped, other = await desk.dead(1), await desk.dead(2)
    for identity in (dropped, other):
        (tmp_path / identity / "in").mkdir(parents=True)
        (tmp_path / identity / "in" / "0").write_text("a photo")
    assert (await desk.ask("dead", "drop", dropped)).code == 0
    assert [path.parts[-3:] for path in tmp_path.glob("*/*/*")] == [(other, "in", "0")]


async def test_strangers_item_can_be_dropped_and_not_executed(desk):
    await desk.redis.lpush(desk.keys.job_queue, '{"old": "system"}')
    assert await desk.queue.claim(worker="w", token="t", lease=30) is None
    assert "another program's item" in (await desk.ask("dead", "list")).out
    said = await desk.ask("dead", "retry", "--all")
    assert (said.code, "`qwenedit dead drop` removes it" in said.out) == (1, True)
    assert (await desk.ask("dead", "drop", '{"old"')).code == 0
    assert await desk.redis.zcard(desk.keys.dead) == 0


async def test_retry_of_a_job_that_is_not_dead_says_so(desk):
    identity = await desk.enqueue(1)
    said = await desk.ask("dead", "retry", identity)
    assert said.code == 1
    assert f"0 ids begin with {identity}. `qwenedit dead list`" in said.err


async def test_paused_queue_begins_no_job_and_kedas_list_is_empty(desk):
    identity = await desk.enqueue(1)
    said = await desk.ask("pause")
    assert (said.code, "Paused." in said.out) == (0, True)
    assert await desk.queue.claim(worker="w", token="t", lease=30) is None
    assert await desk.redis.llen(desk.keys.job_queue) == 0
    assert "1 waiting" in (await desk.ask("status")).out
    assert "`qwenedit resume` ends it" in (await desk.ask("status")).out
    assert "Paused already, since" in (await desk.ask("pause")).out
    assert (await desk.ask("resume")).out == "Resumed; 1 waiting.\n"
    assert await desk.claim(token="t2") == identity
    assert (await desk.ask("resume")).out == "Was not paused; 0 waiting.\n"
