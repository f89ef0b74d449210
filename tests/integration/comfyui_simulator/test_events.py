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
    node = "progress_state executing progress_state "
    assert " ".join(events.kinds(prompt_id)) == (
        f"status status execution_start execution_cached {node * 3}"
        "progress_state executing executed progress_state execution_success status executing"
    )


async def test_history_is_written_before_the_last_event(comfy, invert, client_id):
    async with comfy.listening(client_id) as events:
        for _ in range(5):
            prompt_id = await comfy.submit(invert(await comfy.uploaded()), client_id=client_id)
            await events.until_end(prompt_id)
            assert prompt_id in (await comfy.get(f"/history/{prompt_id}"))[1]
