"""Each fault on demand, as the one who suffers it sees it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

import aiohttp
import pytest

from comfyui_simulator.client import FaultName, SimulatorControl
from qwenedit_testkit.waiting import eventually


@pytest.fixture
async def prompt_id(own, edit):
    """A prompt of six seconds that has begun."""
    return await own.begun(edit("make it snow", await own.uploaded(), steps=60))


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


async def test_killed_executor_leaves_prompts_pending_while_http_answers(own, control, invert):
    await control.fault(FaultName.KILL_EXECUTOR)
    prompt_id = await own.submit(invert(await own.uploaded()))
    await eventually(lambda: executor_dead(control))
    await asyncio.sleep(0.5)
    _, queue = await own.get("/queue")
    assert (len(queue["queue_running"]), len(queue["queue_pending"])) == (0, 1)
    assert (await own.job(prompt_id))["status"] == "pending"


async def executor_dead(control):
    return not (await control.state()).executor_alive


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


async def test_http_error_is_answered_as_often_as_asked_for(own, control):
    await control.fault(FaultName.HTTP_ERROR, path="/queue", status=502, times=2)
    assert [(await own.get("/queue"))[0] for _ in range(3)] == [502, 502, 200]


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


async def test_success_can_hide_an_error(own, control, edit):
    await control.fault(FaultName.SUCCESS_WITH_ERROR)
    job = await own.ended(await own.submit(edit("make it snow", await own.uploaded())))
    assert job["execution_status"]["status_str"] == "success"
    assert "execution_error" in [name for name, _ in job["execution_status"]["messages"]]
    assert job["outputs"] == {}


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
