"""What our connections to Redis rely on inside redis-py."""

from __future__ import annotations

import hashlib
import inspect

from redis.asyncio.connection import AbstractConnection

KNOWN = {"send_packed_command": "baaeabd916209157", "_send_packed_command": "875d11f341700316"}
"""Digests of redis-py's methods that `_Cancellable` replaces and calls, as they are in redis-py 8.1."""


def test_redis_py_sends_commands_as_when_its_method_was_replaced() -> None:
    found = {
        name: hashlib.sha256(inspect.getsource(getattr(AbstractConnection, name)).encode()).hexdigest()[:16]
        for name in KNOWN
    }
    assert found == KNOWN, "read redis-py's method again: is ours in `connection.py` still needed, and still right?"
