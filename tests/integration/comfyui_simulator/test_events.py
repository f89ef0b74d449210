"""Facts of the websocket: which events, in which order, to whom."""

from __future__ import annotations

import itertools
import uuid

import pytest


@pytest.fixture
def client_id() -> str:
    return uuid.uuid4().hex


def without_repeats(kinds):
    return [kind for kind, _ in itertools.groupby(kinds)]


async def test_new_socket_is_told_the_status_and_its_id(comfy, client_id):
    async with comfy.session.ws_connect(f"{comfy.url}/ws", params={"clientId": client_id}) as socket:
        event = await socket.receive_json()
    assert event["type"] == "status"
    assert event["data"]["sid"] == client_id
    assert event["data"]["status"]["exec_info"]["queue_remaining"] >= 0


async def test_socket_without_a_client_id_is_given_one(comfy):
    async with comfy.session.ws_connect(f"{comfy.url}/ws") as socket:
        event = await socket.receive_json()
    assert len(event["data"]["sid"]) == 32


async def test_feature_flags_are_answered_with_the_servers(comfy, client_id):
    async with comfy.listening(client_id) as events:
        await events.socket.send_json({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
        answer = await events.until(lambda event: event["type"] == "feature_flags")
    assert answer["data"]["supports_preview_metadata"] is True
    assert answer["data"]["max_upload_size"] > 0


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


async def test_each_node_is_told_running_and_finished(comfy, invert, client_id):
    graph = invert(await comfy.uploaded())
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await events.until_end(prompt_id)
    states = [
        (event["data"]["nodes"]["invert"]["state"], event["data"]["nodes"]["invert"]["value"])
        for event in events.seen
        if event["type"] == "progress_state" and "invert" in event["data"]["nodes"]
    ]
    assert without_repeats(states) == [("running", 0.0), ("finished", 1.0)]


async def test_executed_carries_the_file_as_the_history_does(comfy, invert, client_id):
    graph = invert(await comfy.uploaded(), prefix=(prefix := f"test-{uuid.uuid4().hex}/2"))
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await events.until_end(prompt_id)
    (executed,) = (event["data"] for event in events.seen if event["type"] == "executed")
    file = {"filename": "2_00001_.png", "subfolder": prefix.split("/", maxsplit=1)[0], "type": "output"}
    assert (executed["node"], executed["output"]) == ("save", {"images": [file]})
    assert (await comfy.job(prompt_id))["outputs"] == {"save": {"images": [file]}}


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


async def test_second_socket_falls_silent_when_the_first_one_at_last_closes(comfy, invert, client_id):
    graph = invert(await comfy.uploaded())
    async with comfy.listening(client_id) as first, comfy.listening(client_id) as second:
        await first.socket.close()
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await comfy.ended(prompt_id)
        await second.for_a_while()
        assert second.seen == []
        assert not second.socket.closed


async def test_client_that_reconnects_during_its_prompt_is_told_the_current_node(comfy, client_id):
    graph = await comfy.slow_graph()
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await events.until(lambda event: event["type"] == "executing")
    async with comfy.session.ws_connect(f"{comfy.url}/ws", params={"clientId": client_id}) as socket:
        assert (await socket.receive_json())["type"] == "status"
        event = await socket.receive_json()
    await comfy.stop(prompt_id)
    await comfy.ended(prompt_id)
    assert event["type"] == "executing"
    assert event["data"]["node"] in graph
