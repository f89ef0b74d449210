"""Facts of history, jobs, cancelling and the cache."""

from __future__ import annotations

import asyncio
import time
import uuid

import pytest


async def test_unknown_prompt_has_an_empty_history(comfy):
    assert await comfy.get(f"/history/{uuid.uuid4()}") == (200, {})


async def test_history_is_empty_for_pending_and_running_alike_and_the_queue_tells_them_apart(comfy):
    running = await comfy.begun(await comfy.slow_graph())
    pending = await comfy.submit(await comfy.slow_graph())
    try:
        assert (await comfy.get(f"/history/{running}"))[1] == {}
        assert (await comfy.get(f"/history/{pending}"))[1] == {}
        _, queue = await comfy.get("/queue")
        assert [entry[1] for entry in queue["queue_running"]] == [running]
        assert [entry[1] for entry in queue["queue_pending"]] == [pending]
    finally:
        for prompt_id in (pending, running):
            await comfy.stop(prompt_id)
        await comfy.ended(running)


async def test_finished_prompt_is_complete_in_history(comfy, invert):
    graph = invert(await comfy.uploaded())
    prompt_id = await comfy.submit(graph, client_id="me")
    await comfy.ended(prompt_id)
    entry = (await comfy.get(f"/history/{prompt_id}"))[1][prompt_id]
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    told = [name for name, _ in entry["status"]["messages"]]
    assert told == ["execution_start", "execution_cached", "execution_success"]
    assert entry["prompt"][1:3] == [prompt_id, graph]
    assert entry["prompt"][4] == ["save"]


async def test_repeated_graph_is_answered_from_the_cache(comfy, invert):
    graph = invert(await comfy.uploaded())
    first = await comfy.ended(await comfy.submit(graph))
    client_id = uuid.uuid4().hex
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(graph, client_id=client_id)
        await events.until_end(prompt_id)
    assert (await comfy.job(prompt_id))["outputs"] == first["outputs"]
    (cached,) = (event["data"]["nodes"] for event in events.seen if event["type"] == "execution_cached")
    assert sorted(cached) == sorted(graph)
    assert "executed" in events.kinds(prompt_id)


async def test_repeated_graph_succeeds_although_its_file_is_gone(comfy, invert):
    if comfy.output_dir is None:
        pytest.skip("COMFYUI_OUTPUT_DIR does not say where the server writes")
    graph = invert(await comfy.uploaded())
    (file,) = (await comfy.ended(await comfy.submit(graph)))["outputs"]["save"]["images"]
    (comfy.output_dir / file["subfolder"] / file["filename"]).unlink()
    job = await comfy.ended(await comfy.submit(graph))
    assert (job["status"], job["outputs"]["save"]["images"]) == ("completed", [file])
    assert (await comfy.get("/view", **file))[0] == 404


async def test_cancelled_pending_prompt_vanishes_without_event_or_history(comfy):
    client_id = uuid.uuid4().hex
    running = await comfy.begun(await comfy.slow_graph())
    async with comfy.listening(client_id) as events:
        pending = await comfy.submit(await comfy.slow_graph(), client_id=client_id)
        await comfy.stop(pending)
        await comfy.stop(running)
        await comfy.ended(running)
        await events.for_a_while()
    assert set(events.kinds(pending)) <= {"status"}
    assert (await comfy.get(f"/history/{pending}"))[1] == {}


async def test_cancelled_running_prompt_is_interrupted_soon(comfy):
    client_id = uuid.uuid4().hex
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(await comfy.slow_graph(), client_id=client_id)
        await events.until(lambda event: event["type"] == "executing")
        asked = time.monotonic()
        await comfy.stop(prompt_id)
        await events.until_end(prompt_id)
        waited = time.monotonic() - asked
    kinds = events.kinds(prompt_id)
    assert kinds[-3:] == ["execution_interrupted", "status", "executing"]
    # A blur on a CPU is one piece of work; the simulator's step is not.
    assert waited < (20 if comfy.simulated else 5), "the simulated prompt takes forty seconds"
    job = await comfy.ended(prompt_id)
    assert job["status"] == "cancelled"
    entry = (await comfy.get(f"/history/{prompt_id}"))[1][prompt_id]
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("error", False)
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert entry["outputs"] == {}


async def test_interrupt_of_another_prompt_does_nothing(comfy, invert):
    prompt_id = await comfy.begun(await comfy.slow_graph())
    await comfy.post("/interrupt", {"prompt_id": str(uuid.uuid4())})
    await asyncio.sleep(0.3)
    assert (await comfy.job(prompt_id))["status"] == "in_progress"
    await comfy.stop(prompt_id)
    await comfy.ended(prompt_id)


async def test_upload_that_is_no_picture_fails_when_it_is_loaded(comfy, invert):
    _, answer = await comfy.upload(b"no picture", "broken.png", subfolder=f"test-{uuid.uuid4().hex}")
    client_id = uuid.uuid4().hex
    async with comfy.listening(client_id) as events:
        prompt_id = await comfy.submit(invert(f"{answer['subfolder']}/{answer['name']}"), client_id=client_id)
        await events.until_end(prompt_id)
    assert events.kinds(prompt_id)[-3:] == ["execution_error", "status", "executing"]
    job = await comfy.ended(prompt_id)
    assert job["status"] == "failed"
    error = job["said"]["execution_error"]
    assert (error["node_id"], error["node_type"]) == ("load", "LoadImage")
    assert error["exception_type"] == "PIL.UnidentifiedImageError"


async def test_free_memory_forgets_the_results(comfy, invert):
    graph = invert(await comfy.uploaded())
    await comfy.ended(await comfy.submit(graph))
    assert (await comfy.post("/free", {"unload_models": True, "free_memory": True}))[0] == 200
    # It is done between two prompts, so one that follows at once may still find the results.
    deadline = time.monotonic() + 30
    while await _cached_nodes(comfy, graph):
        assert time.monotonic() < deadline
    assert sorted(await _cached_nodes(comfy, graph)) == sorted(graph)


async def _cached_nodes(comfy, graph):
    job = await comfy.ended(await comfy.submit(graph))
    return job["said"]["execution_cached"]["nodes"]
