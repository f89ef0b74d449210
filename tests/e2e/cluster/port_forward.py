"""A port of the cluster, reachable from here: with kind the pods' addresses are not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from local_stack import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START_WITHIN = 20.0
"""Seconds."""
PAUSE = 0.2
"""Seconds between two starts of a forwarding that ended, as it does with its pod."""


@asynccontextmanager
async def forwarded(namespace: str, target: str, port: int) -> AsyncIterator[int]:
    """Forward a port of `pod/NAME` or `service/NAME` for as long as the block runs; yields the local port.

    A service's next pod is found when the one that was forwarded to is gone.
    """
    local = free_port()
    listening = asyncio.Event()
    task = asyncio.create_task(_keep(namespace, target, f"{local}:{port}", listening))
    try:
        async with asyncio.timeout(START_WITHIN):
            await listening.wait()
        yield local
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep(namespace: str, target: str, ports: str, listening: asyncio.Event) -> None:
    while True:
        process = await asyncio.create_subprocess_exec(
            "kubectl",
            "--namespace",
            namespace,
            "port-forward",
            target,
            ports,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                if line.startswith(b"Forwarding"):
                    listening.set()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.terminate()
            await process.wait()
        await asyncio.sleep(PAUSE)
