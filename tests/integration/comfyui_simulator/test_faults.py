"""Each fault on demand, as the one who suffers it sees it."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid

import aiohttp
import pytest

from comfyui_simulator.client import FaultName, SimulatorControl
from qwenedit_testkit.waiting import eventually


@pytest.fixture
async def prompt_id(own, edit):
    """A prompt of six seconds that has begun."""
    return await own.begun(edit("make it snow", await own.uploaded(), steps=60))


async def answers(own):
    with contextlib.suppress(aiohttp.ClientError):
        return (await own.get("/queue"))[0] == 200
    return False


async def refused(own):
    try:
        await own.get("/queue")
    except aiohttp.ClientConnectorError:
        return True
    except aiohttp.ClientError:
        return False
    return False


async def test_refuse_lets_nobody_in_for_its_seconds_and_the_prompt_goes_on(own, control, prompt_id):
    await control.fault(FaultName.REFUSE, seconds=5)
    await eventually(lambda: refused(own))
    await eventually(lambda: answers(own))
    assert (await own.ended(prompt_id))["status"] == "completed"


async def test_restart_forgets_everything_but_the_files(own, control, edit, prompt_id):
    await control.fault(FaultName.RESTART, seconds=0.3)
    await eventually(lambda: restarted(control))
    assert (await own.get(f"/api/jobs/{prompt_id}"))[0] == 404
    assert (await own.get("/history"))[1] == {}
    state = await control.state()
    assert state.files["input"] != ()
    assert [(seen.prompt_id, seen.state) for seen in state.prompts] == [(prompt_id, "started")]
    job = await own.ended(await own.submit(edit("again", await own.uploaded())))
    assert job["status"] == "completed"


async def restarted(control):
    with contextlib.suppress(aiohttp.ClientError):
        return (await control.state()).restarts == 1
    return False


async def test_restart_can_wait_for_a_step(own, control, edit):
    await control.fault(FaultName.RESTART, seconds=0.2, at_step=3)
    client_id = uuid.uuid4().hex
    async with own.session.ws_connect(f"{own.url}/ws", params={"clientId": client_id}) as socket:
        await own.submit(edit("make it snow", await own.uploaded(), steps=10), client_id=client_id)
        steps = [m.json()["data"]["value"] async for m in socket if m.json()["type"] == "progress"]
    assert steps == [1, 2, 3]
    await eventually(lambda: restarted(control))


async def test_die_ends_the_process(start_simulator, tmp_path):
    async with start_simulator(tmp_path) as (url, process):
        async with SimulatorControl(url) as control:
            await control.fault(FaultName.DIE, exit_code=7)
        assert await asyncio.wait_for(process.wait(), 30) == 7


async def test_executions_are_known_after_the_process_died(start_simulator, own, edit, tmp_path):
    data_dir = tmp_path / "survives"
    async with start_simulator(data_dir) as (url, process):
        server = type(own)(url, own.session, simulated=True, output_dir=None)
        async with SimulatorControl(url) as control:
            await control.fault(FaultName.DIE, at_step=1)
            await server.submit(edit("make it snow", await server.uploaded(), prefix="job-1/1/x"))
        assert await asyncio.wait_for(process.wait(), 30) == 1
    async with start_simulator(data_dir) as (url, _), SimulatorControl(url) as control:
        state = await control.state()
    assert state.executions == {"job-1/1/x": 1}
    assert state.prompts[0].state == "started"


async def test_dropped_sockets_close_and_the_prompt_goes_on(own, control, prompt_id):
    async with own.listening(uuid.uuid4().hex) as events:
        await control.fault(FaultName.DROP_SOCKET)
        message = await events.socket.receive(timeout=30)
        while message.type is aiohttp.WSMsgType.TEXT:
            message = await events.socket.receive(timeout=30)
        assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
    assert (await own.ended(prompt_id))["status"] == "completed"


async def test_silenced_sockets_stay_open_and_new_ones_are_told(own, control, edit):
    client_id = uuid.uuid4().hex
    async with own.listening(client_id) as silent:
        await control.fault(FaultName.SILENT_SOCKET)
        async with own.listening(other := uuid.uuid4().hex) as loud:
            await own.submit(edit("a", await own.uploaded()), client_id=client_id)
            prompt_id = await own.submit(edit("b", await own.uploaded()), client_id=other)
            await loud.until_end(prompt_id)
        await silent.for_a_while(0.2)
        assert silent.seen == []
        assert not silent.socket.closed


async def test_killed_executor_leaves_prompts_pending_while_http_answers(own, control, invert):
    await control.fault(FaultName.KILL_EXECUTOR)
    prompt_id = await own.submit(invert(await own.uploaded()))
    await eventually(lambda: executor_dead(control))
    await asyncio.sleep(0.5)
    _, queue = await own.get("/queue")
    assert (len(queue["queue_running"]), len(queue["queue_pending"])) == (0, 1)
    assert (await own.job(prompt_id))["status"] == "pending"


async def test_executor_killed_in_mid_prompt_leaves_it_running_for_ever(own, control, prompt_id):
    await control.fault(FaultName.KILL_EXECUTOR)
    await eventually(lambda: executor_dead(control))
    await own.post(f"/api/jobs/{prompt_id}/cancel", {})
    await asyncio.sleep(0.3)
    _, queue = await own.get("/queue")
    assert [entry[1] for entry in queue["queue_running"]] == [prompt_id]


async def all_struck(control):
    return not (await control.state()).faults


async def executor_dead(control):
    return not (await control.state()).executor_alive


async def test_same_number_and_id_twice_kill_the_executor_once_another_prompt_is_taken(own, control, invert):
    running = await own.begun(await own.slow_graph())
    twin = {"prompt": invert(await own.uploaded()), "prompt_id": str(uuid.uuid4()), "number": 10**6}
    assert (await own.post("/prompt", twin))[0] == 200
    assert (await own.post("/prompt", twin))[0] == 500
    await own.submit(invert(await own.uploaded()))
    await own.post(f"/api/jobs/{running}/cancel", {})
    await eventually(lambda: executor_dead(control))
    _, queue = await own.get("/queue")
    # The prompt that was being taken is lost.
    assert [entry[1] for entry in queue["queue_pending"]] == [twin["prompt_id"]] * 2
    assert queue["queue_running"] == []


@pytest.mark.parametrize("times", [1, None])
async def test_hanging_prompt_stays_running_deaf_to_interrupts_until_the_fault_is_cleared(own, control, edit, times):
    await control.fault(FaultName.HANG, at_step=1, times=times)
    client_id = uuid.uuid4().hex
    async with own.listening(client_id) as events:
        prompt_id = await own.submit(edit("make it snow", await own.uploaded(), steps=3), client_id=client_id)
        await events.until(lambda event: event["type"] == "progress")
        events.seen.clear()
        await own.post(f"/api/jobs/{prompt_id}/cancel", {})
        await events.for_a_while(0.6)
    assert events.kinds(prompt_id) == []
    assert (await own.job(prompt_id))["status"] == "in_progress"
    await control.clear()
    assert (await own.ended(prompt_id))["status"] == "cancelled"


@pytest.mark.parametrize("times", [1, None])
async def test_hanging_for_some_seconds_ends_by_itself(own, control, invert, times):
    await control.fault(FaultName.HANG, seconds=0.5, times=times)
    started = time.monotonic()
    assert (await own.ended(await own.submit(invert(await own.uploaded()))))["status"] == "completed"
    assert time.monotonic() - started > 0.5


async def test_hanging_prompt_lets_the_next_one_run_after_it_was_interrupted(own, control, edit):
    await control.fault(FaultName.HANG, at_step=1, times=1)
    first = await own.submit(edit("make it snow", await own.uploaded(), steps=2))
    second = await own.submit(edit("make it rain", await own.uploaded(), steps=2))
    await eventually(lambda: all_struck(control))
    await own.post(f"/api/jobs/{first}/cancel", {})
    await control.clear()
    assert [(await own.ended(prompt))["status"] for prompt in (first, second)] == ["cancelled", "completed"]


async def test_slow_delays_the_answers_of_one_path(own, control):
    await control.fault(FaultName.SLOW, path="/queue", seconds=5)
    started = time.monotonic()
    slow = asyncio.create_task(own.get("/api/queue"))
    await eventually(lambda: all_struck(control))
    await own.get("/history")
    assert not slow.done()
    await slow
    assert time.monotonic() - started > 5


async def test_http_error_is_answered_as_often_as_asked_for(own, control):
    await control.fault(FaultName.HTTP_ERROR, path="/queue", status=502, times=2)
    assert [(await own.get("/queue"))[0] for _ in range(3)] == [502, 502, 200]


async def test_dropped_answer_is_an_ambiguous_submit(own, control, invert):
    await control.fault(FaultName.DROP_ANSWER, path="/prompt")
    prompt_id = str(uuid.uuid4())
    with pytest.raises(aiohttp.ClientError):
        await own.post("/prompt", {"prompt": invert(await own.uploaded()), "prompt_id": prompt_id})
    assert (await own.ended(prompt_id))["status"] == "completed"


async def test_full_disk_fails_the_upload(own, control, new_png):
    await control.fault(FaultName.DISK_FULL)
    assert (await own.upload(new_png()))[0] == 500
    assert (await own.upload(new_png()))[0] == 200


async def test_full_output_disk_fails_the_prompt(own, control, invert):
    await control.fault(FaultName.DISK_FULL, path="/output")
    job = await own.ended(await own.submit(invert(await own.uploaded())))
    assert (job["status"], job["execution_error"]["exception_type"]) == ("failed", "OSError")


async def test_upload_can_be_too_large_at_any_size(own, control, new_png):
    await control.fault(FaultName.TOO_LARGE)
    assert (await own.upload(new_png()))[0] == 413


async def test_node_errors_come_with_200_and_a_queued_prompt(own, control, invert):
    await control.fault(FaultName.NODE_ERRORS)
    status, answer = await own.post("/prompt", {"prompt": invert(await own.uploaded())})
    assert status == 200
    assert answer["node_errors"]["0"]["errors"][0]["type"] == "required_input_missing"
    assert (await own.ended(answer["prompt_id"]))["status"] == "completed"


async def test_missing_model_is_not_in_the_list_until_the_fault_is_cleared(own, control, edit):
    graph = edit("make it snow", await own.uploaded())
    await control.fault(FaultName.MISSING_MODEL, model="qwen_image_vae")
    status, answer = await own.post("/prompt", {"prompt": graph})
    assert status == 400
    (error,) = answer["node_errors"]["vae"]["errors"]
    assert (error["type"], error["extra_info"]["input_name"]) == ("value_not_in_list", "vae_name")
    assert await own.get("/models/vae") == (200, [])
    await control.clear()
    assert (await own.post("/prompt", {"prompt": graph}))[0] == 200


async def test_vanished_prompt_leaves_no_event_and_no_history(own, control, edit):
    await control.fault(FaultName.VANISH, at_step=2)
    client_id = uuid.uuid4().hex
    async with own.listening(client_id) as events:
        prompt_id = await own.submit(edit("make it snow", await own.uploaded(), steps=5), client_id=client_id)
        await eventually(lambda: gone(own, prompt_id))
        await events.for_a_while(0.3)
    assert events.kinds(prompt_id)[-1] == "progress"
    assert (await own.get(f"/history/{prompt_id}"))[1] == {}


async def gone(own, prompt_id):
    return (await own.get(f"/api/jobs/{prompt_id}"))[0] == 404


async def test_out_of_memory_is_an_execution_error_of_that_type(own, control, edit):
    await control.fault(FaultName.OOM, at_step=1)
    job = await own.ended(await own.submit(edit("make it snow", await own.uploaded())))
    error = job["execution_error"]
    assert (job["status"], error["node_type"]) == ("failed", "KSampler")
    assert error["exception_type"] == "torch.OutOfMemoryError"
    assert "out of memory" in error["exception_message"]


async def test_execution_error_can_be_worded_and_aimed_at_one_instruction(own, control, edit):
    name = await own.uploaded()
    await control.fault(
        FaultName.EXECUTION_ERROR, prompt="cursed", message="shapes differ", exception_type="ValueError"
    )
    blessed = await own.ended(await own.submit(edit("a blessed picture", name)))
    cursed = await own.ended(await own.submit(edit("a cursed picture", name)))
    assert (blessed["status"], cursed["status"]) == ("completed", "failed")
    assert cursed["execution_error"]["exception_message"].startswith("shapes differ")
    assert cursed["execution_error"]["exception_type"] == "ValueError"


async def test_success_can_hide_an_error(own, control, edit):
    await control.fault(FaultName.SUCCESS_WITH_ERROR)
    job = await own.ended(await own.submit(edit("make it snow", await own.uploaded())))
    assert job["execution_status"]["status_str"] == "success"
    assert "execution_error" in [name for name, _ in job["execution_status"]["messages"]]
    assert job["outputs"] == {}


async def test_success_can_lack_its_output(own, control, edit):
    await control.fault(FaultName.MISSING_OUTPUT)
    job = await own.ended(await own.submit(edit("make it snow", await own.uploaded())))
    assert (job["status"], job["outputs"]) == ("completed", {})


async def test_output_can_be_another_picture(own, control, edit, tmp_path):
    picture = tmp_path / "other.png"
    picture.write_bytes(b"another picture")
    await control.fault(FaultName.OTHER_OUTPUT, file=str(picture))
    job = await own.ended(await own.submit(edit("make it snow", await own.uploaded())))
    (shown,) = [image for output in job["outputs"].values() for image in output["images"]]
    assert await own.get("/view", **shown) == (200, b"another picture")


async def test_history_can_be_late(own, control, edit):
    await control.fault(FaultName.LATE_HISTORY, seconds=5)
    client_id = uuid.uuid4().hex
    async with own.listening(client_id) as events:
        prompt_id = await own.submit(edit("make it snow", await own.uploaded()), client_id=client_id)
        await events.until(lambda event: event["type"] == "execution_success")
        assert (await own.get(f"/history/{prompt_id}"))[1] == {}
        assert (await own.job(prompt_id))["status"] == "in_progress"
        await events.until_end(prompt_id)
    assert prompt_id in (await own.get(f"/history/{prompt_id}"))[1]


async def test_slow_load_is_not_interrupted(own, control, edit):
    await control.fault(FaultName.SLOW_LOAD, seconds=0.8)
    started = time.monotonic()
    prompt_id = await own.begun(edit("make it snow", await own.uploaded(), steps=100))
    await own.post(f"/api/jobs/{prompt_id}/cancel", {})
    assert (await own.ended(prompt_id))["status"] == "cancelled"
    assert time.monotonic() - started > 0.7


async def test_interrupt_can_be_ignored_for_a_while(own, control, edit):
    await control.fault(FaultName.IGNORE_INTERRUPT, seconds=0.8)
    prompt_id = await own.begun(edit("make it snow", await own.uploaded(), steps=100))
    asked = time.monotonic()
    await own.post(f"/api/jobs/{prompt_id}/cancel", {})
    assert (await own.ended(prompt_id))["status"] == "cancelled"
    assert time.monotonic() - asked > 0.7


async def test_interrupt_can_be_confirmed_and_lost(own, control, edit):
    await control.fault(FaultName.LOSE_INTERRUPT)
    prompt_id = await own.begun(edit("make it snow", await own.uploaded(), steps=60))
    assert await own.post(f"/api/jobs/{prompt_id}/cancel", {}) == (200, {"cancelled": True})
    assert (await own.ended(prompt_id))["status"] == "completed"


async def test_unknown_faults_and_parameters_are_refused_by_name(control):
    with pytest.raises(ValueError, match="no such fault: 'earthquake'"):
        await control.fault("earthquake")
    with pytest.raises(ValueError, match="no such parameter: minutes"):
        await control.fault(FaultName.SLOW, minutes=1)


async def test_simulator_state_counts_sockets_and_executions(own, control, edit):
    async with own.listening(uuid.uuid4().hex):
        assert (await control.state()).websockets == 1
    name = await own.uploaded()
    for seed in (1, 2):
        await own.ended(await own.submit(edit("make it snow", name, seed=seed, prefix="job/1/x")))
    await eventually(lambda: sockets(control, 0))
    state = await control.state()
    assert state.executions == {"job/1/x": 2}
    assert [(seen.text, seen.state) for seen in state.prompts] == [("make it snow", "success")] * 2
    assert state.files["output"] == ("job/1/x_00001_.png", "job/1/x_00002_.png")
    assert 1 <= state.connections <= state.peak_connections


async def sockets(control, count):
    return (await control.state()).websockets == count


async def picture_of(own, graph):
    job = await own.ended(await own.submit(graph))
    [output] = job["outputs"].values()
    return output["images"][0]


async def view(own, file):
    async with own.session.get(f"{own.url}/view", params=file) as answer:
        return answer.status, await answer.read()


async def test_picture_can_be_cut_in_half(own, control, invert):
    file = await picture_of(own, invert(await own.uploaded()))
    await control.fault(FaultName.CUT_PICTURE)
    with pytest.raises(aiohttp.ClientPayloadError):
        await view(own, file)
    assert (await view(own, file))[1].endswith(b"IEND\xaeB`\x82")


async def test_picture_can_hang_in_the_middle(own, control, invert):
    file = await picture_of(own, invert(await own.uploaded()))
    await control.fault(FaultName.HANG_PICTURE)
    async with own.session.get(f"{own.url}/view", params=file) as answer:
        length = int(answer.headers["Content-Length"])
        assert len(await answer.content.readexactly(length // 2)) == length // 2
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.content.read(), 0.3)


async def test_outsider_can_interrupt_a_prompt(own, control, edit):
    await control.fault(FaultName.INTERRUPT, at_step=1)
    prompt_id = await own.submit(edit("make it snow", await own.uploaded()))
    await own.ended(prompt_id)
    _, history = await own.get(f"/history/{prompt_id}")
    kinds = [kind for kind, _ in history[prompt_id]["status"]["messages"]]
    assert kinds[-1] == "execution_interrupted"


async def test_picture_can_hold_its_graph(own, control, edit):
    await control.fault(FaultName.METADATA)
    file = await picture_of(own, edit("make it snow", await own.uploaded()))
    assert b"make it snow" in (await view(own, file))[1]
