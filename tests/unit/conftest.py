"""Unit tests need no network, and get none."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import looptime
import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to connect or to listen. Sockets themselves are left: an event loop wakes itself through a pair."""

    def refuse(_socket: socket.socket, address: Any, *_rest: Any) -> None:
        raise AssertionError(f"a unit test uses the network ({address}): it belongs into tests/integration")

    for method in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, method, refuse)


@pytest.fixture
async def virtual_time() -> None:
    """Move the event loop's clock on to the next timer, instead of waiting for it."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, asyncio.BaseEventLoop)
    looptime.patch_event_loop(loop)
