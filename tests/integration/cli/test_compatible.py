"""`qwenedit compatible`: asked before an upgrade or a rollback changes anything."""

from __future__ import annotations

from qwenedit_jobs.redis.state_layout import LAYOUT, VERSION


async def test_state_of_this_layout_is_compatible_and_what_is_taken_over_is_counted(desk):
    await desk.enqueue(1)
    said = await desk.ask("compatible", "--json")
    assert said.code == 0
    assert (said.json["layout"], said.json["version"], said.json["found"]["layout"]) == (LAYOUT, VERSION, None)
    assert said.json["counts"]["waiting"] == 1
    assert "It takes over 1 waiting jobs" in (await desk.ask("compatible")).out
    assert not await desk.redis.exists(desk.keys.layout), "it changes nothing"


async def test_messages_of_layout_1_are_no_state_to_go_on_with_after_a_rollback_to_it_either(desk):
    await desk.redis.hset(desk.keys.layout, mapping={"layout": LAYOUT, "readable_from": LAYOUT, "version": VERSION})
    await desk.redis.xadd(desk.keys.updates_of_layout_1, {"update": "{}"})
    said = await desk.ask("compatible")
    assert said.code == 1
    assert "layout 1, with 1 messages that wait" in said.err


async def test_state_of_a_newer_version_is_refused_unless_that_lets_this_one_read_it(desk):
    newer = {"layout": LAYOUT + 2, "readable_from": LAYOUT + 1, "version": "9.9.0"}
    await desk.redis.hset(desk.keys.layout, mapping=newer)
    said = await desk.ask("compatible")
    assert said.code == 1
    assert f"newer version 9.9.0: layout {LAYOUT + 2}. This is version {VERSION}" in said.err
    await desk.redis.hset(desk.keys.layout, "readable_from", LAYOUT)
    assert (await desk.ask("compatible")).code == 0
