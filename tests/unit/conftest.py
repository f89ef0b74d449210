"""Unit tests need no network, and get none."""

from __future__ import annotations

import socket
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to connect or to listen. Sockets themselves are left: an event loop wakes itself through a pair."""

    def refuse(_socket: socket.socket, address: Any, *_rest: Any) -> None:
        raise AssertionError(f"a unit test uses the network ({address}): it belongs into tests/integration")

    for method in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, method, refuse)
