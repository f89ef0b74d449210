"""Jobs under way, seen and moved by an operator."""

from __future__ import annotations

import re

import pytest

from tests.integration.cli.conftest import ids_in


async def test_jobs_are_listed_in_the_order_of_the_line_and_by_user(desk):
    ids = [await desk.enqueue(number, user=number) for number in (1, 2, 3)]
    assert await desk.claim() == ids[0]
    assert ids_in(await desk.ask("jobs", "list")) == [ids[1], ids[2], ids[0]]
    said = await desk.ask("jobs", "list", "--user", "3")
    assert ids[2] in said.out
    assert ids[1] not in said.out


async def test_job_is_found_by_the_beginning_of_its_id(desk):
    identity = await desk.enqueue(1)
    said = await desk.ask("jobs", "show", identity[:6])
    assert (said.code, identity in said.out) == (0, True)


@pytest.mark.parametrize("length", [8, 16])
async def test_job_that_ended_is_found_by_its_whole_id_and_by_what_its_user_tells_of_it(desk, length):
    identity, _other = await desk.enqueue(1), await desk.enqueue(2)
    await desk.queue.cancel(identity)
    said = await desk.ask("jobs", "show", identity[:length])
    assert said.code == 0
    assert re.search(r"^state +cancelled$", said.out, re.MULTILINE)


async def test_job_is_asked_for_by_an_id_prefix_and_by_no_pattern(desk):
    await desk.queue.cancel(await desk.enqueue(1))
    for pattern in ("*", "?", "[0-9a-f]", "\\"):
        assert (await desk.ask("jobs", "show", pattern)).code == 1


@pytest.mark.parametrize("deed", ["show", "cancel", "requeue"])
async def test_unknown_job_is_answered_with_where_to_look(desk, deed):
    said = await desk.ask("jobs", deed, "ffff")
    assert (said.code, said.out) == (1, "")
    assert "0 ids begin with ffff. `qwenedit jobs list" in said.err


async def test_id_prefix_of_several_jobs_names_them_and_changes_nothing(desk):
    ids = [await desk.enqueue(number) for number in range(20)]
    initial = next(one for one in "0123456789abcdef" if sum(each.startswith(one) for each in ids) > 1)
    said = await desk.ask("jobs", "cancel", initial)
    assert said.code == 1
    assert f"ids begin with {initial}." in said.err
    assert len(await desk.queue.waiting_ids()) == 20


async def test_cancelling_says_what_it_came_to(desk):
    running, waiting = await desk.enqueue(1), await desk.enqueue(2)
    assert await desk.claim() == running
    said = await desk.ask("jobs", "cancel", waiting, running)
    assert said.code == 0
    assert f"{waiting}: cancelled" in said.out
    assert f"{running}: cancelling" in said.out
    again = await desk.ask("jobs", "cancel", waiting)
    assert (again.code, again.out) == (0, f"{waiting}: cancelled\n")


async def test_running_job_is_taken_from_its_worker(desk):
    identity = await desk.enqueue(1)
    await desk.claim()
    said = await desk.ask("jobs", "requeue", identity)
    assert (said.code, said.out) == (0, f"{identity}: in line\n")
    assert await desk.queue.waiting_ids() == [identity]
    assert await desk.queue.heartbeat(identity, "t", lease=30) == "lost"


async def test_job_whose_user_has_the_picture_is_not_executed_again(desk):
    identity = await desk.enqueue(1)
    await desk.queue.cancel(identity)
    said = await desk.ask("jobs", "requeue", identity)
    assert said.code == 1
    assert "cancelled" in said.out
    assert await desk.queue.waiting_ids() == []
