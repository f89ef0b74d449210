"""Ports of this machine's loopback address."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

from local_stack.processes.errors import StackError

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections (Linux: 32,768 and up; macOS: 49,152 and up), which would
else take a port between its choice and its use."""


def free_port() -> int:
    """Return a port that nothing listens on, and that no other call returns while this process lives.

    Parts are told their port before they start, and some start again on it. Nobody else may get it meanwhile, neither
    here nor in a test that runs beside this one.

    Raises:
        StackError: all of them are taken.
    """
    for port in random.sample(PORTS, len(PORTS)):
        if _reserve(port) and _is_free(port):
            return port
    raise StackError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free")


@cache
def _reservations() -> int:
    """Open the file whose bytes stand for ports: whoever has locked a port's byte has the port.

    It stays open for as long as the process lives: closing it would give up the locks, as its end does.
    """
    path = Path(tempfile.gettempdir()) / f"qwenedit-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


_reserved: set[int] = set()
"""By this process, which its locks do not stop."""


def _reserve(port: int) -> bool:
    if port in _reserved:
        return False
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _reserved.add(port)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(port: int, *, hint: str) -> None:
    """Check that a port may be listened on.

    Args:
        port: The port that the person asked for.
        hint: What to do where it is taken.

    Raises:
        StackError: it may not.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise StackError(f"port {port} cannot be used ({error.strerror}): {hint}") from error
