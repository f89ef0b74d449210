"""Whether a ComfyUI that others use as well has something to do."""

from __future__ import annotations

import asyncio

from local_stack import free_port
from qwenedit_worker.comfyui import ComfyUI, Stage


async def test_server_is_busy_for_as_long_as_it_has_a_prompt_of_anybodys(server, client, control) -> None:
    async with ComfyUI(server.url, workflows=[]) as other:
        assert not await other.busy()
        await control.fault("hang", at_step=1)
        editing = asyncio.create_task(client.edit())
        await client.until(Stage.EDITING)
        assert await other.busy()
        await control.clear()
        await editing
        assert not await other.busy()


async def test_server_that_is_not_there_is_not_busy() -> None:
    async with ComfyUI(f"http://127.0.0.1:{free_port()}", workflows=[]) as absent:
        assert not await absent.busy()
