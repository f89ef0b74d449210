"""Whether a server can do the work, and whether its executor lives."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from qwenedit_testkit.proxy import Proxy
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIUnavailable, ModelMissing, SilentExecutor, Workflow, WorkflowRejected
from tests.integration.comfyui.conftest import FAST, INVERT, OF_2509, QUALITY

if TYPE_CHECKING:
    from comfyui_simulator.client import SimulatorControl


def variant(folder, workflow: Workflow, change) -> Workflow:
    graph = {node_id: node.model_dump() for node_id, node in workflow.graph.items()}
    change(graph)
    path = folder / "variant.json"
    path.write_text(json.dumps(graph))
    path.with_name("variant.binding.json").write_text(workflow.binding.model_dump_json())
    return Workflow.load(path)


async def test_shipped_workflows_fit_the_server(server) -> None:
    async with server.client(workflows=(FAST, QUALITY, INVERT, OF_2509)) as client:
        await client.comfyui.check()
        await client.comfyui.check()


async def test_removed_model_file_is_noticed_at_the_next_check(client, control) -> None:
    await client.comfyui.check()
    await control.fault("missing_model", model="qwen_image_vae")

    with pytest.raises(ModelMissing, match=r"lacks vae/qwen_image_vae\.safetensors$"):
        await client.comfyui.check()

    await control.clear()
    await client.comfyui.check()


@pytest.mark.parametrize(
    ("node", "name", "value", "words"),
    [
        ("32", "reference_latents_method", "sideways", r"node 32 .*reference_latents_method: 'sideways' is none of"),
        ("40", "sampler_name", "eule", r"node 40 \(KSampler\), input sampler_name: 'eule' is none of"),
        ("30", "image4", ["22", 0], r"node 30 .*input image4: unknown to the server"),
    ],
)
async def test_values_that_the_server_ignores_in_silence_are_found(server, tmp_path, node, name, value, words):
    changed = variant(tmp_path, FAST, lambda graph: graph[node]["inputs"].update({name: value}))

    async with server.client(workflows=(changed,)) as client:
        with pytest.raises(WorkflowRejected, match=words):
            await client.comfyui.check()


async def test_unknown_class_and_absent_input_are_named_together(server, tmp_path) -> None:
    def change(graph) -> None:
        graph["13"]["class_type"] = "CFGNormal"
        del graph["40"]["inputs"]["denoise"]

    async with server.client(workflows=(variant(tmp_path, FAST, change),)) as client:
        with pytest.raises(WorkflowRejected, match=r"node 13 \(CFGNormal\): .*no such class.*node 40.*input denoise"):
            await client.comfyui.check()


async def test_service_that_led_elsewhere_at_first_is_found_at_the_next_check(server, client_of) -> None:
    async with (
        TestServer(web.Application()) as elsewhere,  # replies 404 to everything, and keeps the connection
        Proxy("service", elsewhere.port or 0).running() as service,
        client_of(f"http://127.0.0.1:{service.port}") as client,
    ):
        with pytest.raises(ComfyUIUnavailable, match="404"):
            await client.comfyui.check()
        service.target = server.part.port  # for new connections
        await client.comfyui.check()


async def test_dead_executor_is_condemned_and_its_jobs_go_back_until_a_restart(
    own_server, own_control, monkeypatch
) -> None:
    monkeypatch.setattr(timeouts, "EXECUTOR_IDLE", 1.0)
    async with own_server.client() as client:
        await client.edit()
        await own_control.fault("kill_executor")

        editing = asyncio.create_task(client.edit())
        while not editing.done():
            await client.comfyui.verdict()
            await asyncio.wait([editing], timeout=0.2)
        with pytest.raises(SilentExecutor) as caught:
            await editing

        assert caught.value.submitted
        assert (await client.comfyui.verdict()).condemned
        with pytest.raises(SilentExecutor):
            await client.comfyui.check()

        await own_server.part.kill()
        assert not (await client.comfyui.verdict()).condemned
        await own_server.part.start()
        await client.comfyui.check()
        assert (await client.edit()).png


async def test_restart_between_two_verdicts_ends_the_condemnation(own_server, own_control, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "EXECUTOR_IDLE", 1.0)
    async with own_server.client() as client:
        await client.edit()
        await own_control.fault("kill_executor")
        editing = asyncio.create_task(client.edit())
        while not (await client.comfyui.verdict()).condemned:
            await asyncio.sleep(0.3)
        with pytest.raises(SilentExecutor):
            await editing
        assert (await client.comfyui.verdict()).condemned, "though the prompt that waited is gone"

        await own_control.fault("restart", seconds=0.3)
        async with asyncio.timeout(30):
            while not await is_back(own_control):
                await asyncio.sleep(0.05)
        assert not (await client.comfyui.verdict()).condemned


async def is_back(control: SimulatorControl) -> bool:
    """Whether the server has restarted, and the client has its websocket again."""
    try:
        state = await control.state()
    except aiohttp.ClientError:
        return False
    return state.restarts == 1 and state.websockets == 1
