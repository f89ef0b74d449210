"""Ports of this machine's loopback address."""

from __future__ import annotations

import socket

from local_stack.errors import PortBusyError

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port that nothing listens on. It is not held: take it soon."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def require_free(port: int, *, hint: str) -> None:
    """Check that a port may be listened on.

    Args:
        port: The port that the person asked for.
        hint: What to do where it is taken.

    Raises:
        PortBusyError: it may not.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortBusyError(f"port {port} cannot be used ({error.strerror}): {hint}") from error
