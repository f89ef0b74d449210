"""What an edit does in a ComfyUI that others use as well."""

from __future__ import annotations

import asyncio
import time

import pytest

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIBusy, EditStage
from tests.integration.comfyui.conftest import QUALITY


async def test_edit_that_others_keep_waiting_is_taken_back(server, control) -> None:
    await control.fault("hang", at_step=1)
    async with server.client() as others, server.client(patience=0.5) as ours:
        editing = asyncio.create_task(others.edit(others.request(QUALITY)))
        await others.until(EditStage.EDITING)
        with pytest.raises(ComfyUIBusy):
            await ours.edit()
        assert [progress.stage for progress in ours.progress] == [EditStage.QUEUED]
        await control.clear()
        await editing
        assert (await ours.edit()).png


async def test_edit_that_has_begun_may_take_longer_than_the_wait_for_others(server) -> None:
    async with server.client(patience=0.05) as ours:
        assert (await ours.edit()).png


async def test_edit_waits_longer_in_a_server_that_executes_nothing(own_server, own_control, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "IDLE_QUEUE", 3.0)
    await own_control.fault("kill_executor")
    began = time.monotonic()
    async with own_server.client(patience=0.1) as ours:
        with pytest.raises(ComfyUIBusy):
            await ours.edit()
    assert time.monotonic() - began >= 3.0
