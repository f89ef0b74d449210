"""GPUs that are numbers of a node: the scheduler counts them as it would count devices."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.e2e.cluster.kube import eventually, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NVIDIA = "nvidia.com/gpu"


def own(namespace: str) -> str:
    """Return the name of GPUs that are of one namespace alone, whoever else is on the cluster."""
    return f"{namespace}.test/gpu"


async def offer(node: str, count: int, *, of: str = NVIDIA) -> str:
    """Have a node offer so many of a resource; returns how many it offered."""
    had: str = (await _status(node))["capacity"].get(of, "0")
    await _patch(node, "add", of, str(count))

    async def seen() -> bool:
        offered: dict[str, str] = (await _status(node))["allocatable"]
        return offered.get(of) == str(count)

    await eventually(f"{count} {of} of {node}", seen, within=60)
    return had


@asynccontextmanager
async def offered(node: str, count: int, *, of: str) -> AsyncIterator[None]:
    """Have a node offer so many of a resource that it has of nobody else."""
    await offer(node, count, of=of)
    yield
    await _patch(node, "remove", of)


async def _status(node: str) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(await run("kubectl", "get", "node", node, "--output=json"))["status"]
    return status


async def _patch(node: str, verb: str, resource: str, value: str = "") -> None:
    path = f"/status/capacity/{resource.replace('/', '~1')}"
    patch = json.dumps([{"op": verb, "path": path, "value": value}])
    await run("kubectl", "patch", "node", node, "--subresource=status", "--type=json", f"--patch={patch}")
