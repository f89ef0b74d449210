"""Facts of the websocket: which events, in which order, to whom."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture
def client_id() -> str:
    return uuid.uuid4().hex


async def test_events_of_a_prompt_come_in_order(comfy, invert, client_id):
    graph = invert(await comfy.uploaded())
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await events.until_end(prompt_id)
    node = ["progress_state", "executing", "progress_state"]
    assert events.kinds(prompt_id) == [
        "status",
        "status",
        "execution_start",
        "execution_cached",
        *(node * 3),
        "progress_state",
        "executing",
        "executed",
        "progress_state",
        "execution_success",
        "status",
        "executing",
    ]


async def test_history_is_written_before_the_last_event(comfy, invert, client_id):
    async with comfy.listening(client_id) as events:
        for _ in range(5):
            prompt_id = await comfy.submit(invert(await comfy.uploaded()), client_id=client_id)
            await events.until_end(prompt_id)
            assert prompt_id in (await comfy.get(f"/history/{prompt_id}"))[1]


async def test_client_of_another_prompt_is_told_only_the_status(comfy, invert, client_id):
    graph = invert(await comfy.uploaded())
    async with comfy.listening(client_id) as mine, comfy.listening(uuid.uuid4().hex) as others:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await mine.until_end(prompt_id)
        await others.for_a_while()
    assert set(others.kinds(prompt_id)) == {"status"}


async def test_progress_without_a_client_id_goes_to_all_and_nothing_else_does(comfy, invert, client_id):
    graph = invert(await comfy.uploaded())
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(graph)
        await comfy.ended(prompt_id)
        await events.for_a_while()
    assert set(events.kinds(prompt_id)) == {"status", "progress_state"}


async def test_second_socket_of_the_same_client_takes_over(comfy, invert, client_id):
    graph = invert(await comfy.uploaded())
    async with comfy.listening(client_id) as first, comfy.listening(client_id) as second:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await second.until_end(prompt_id)
        await first.for_a_while(0.2)
    assert first.kinds(prompt_id) == []
