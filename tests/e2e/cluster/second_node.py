"""A second node, which a test drains.

No API of Kubernetes does that, so `NODE_TOOL` names a command that does. It is called with one of these words:

- `add`: have one node more than before, ready, with the images, and return then
- `remove`: have it no longer, whatever state it is in; there may be none
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cluster.gpus import offer, own
from tests.e2e.cluster.kube import Kube, Pod, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.cluster.installation import Installation

TOOL = "NODE_TOOL"
TAINT = "qwenedit-e2e"
"""Of a second node, with its uid: nothing comes there that a test did not send."""


@dataclass(frozen=True)
class SecondNode:
    """A node that is a test's alone."""

    name: str
    uid: str
    installation: Installation

    async def host(self, *parts: str, sets: tuple[str, ...] = ()) -> list[Pod]:
        """Have some parts of the product run here; returns their pods.

        They run elsewhere when this node takes no pods any more, and stay there when it's gone.

        Args:
            parts: Such as `bot`.
            sets: Single values until the node is gone.
        """
        self.installation.sets += tuple(value for part in parts for value in self._drawn(part))
        await self.installation.upgrade(*sets)
        pods = [await self.installation.one(part) for part in parts]
        assert {pod.node for pod in pods} == {self.name}
        return pods

    def _drawn(self, part: str) -> tuple[str, ...]:
        """Return the values with which a part prefers this node."""
        tolerated = f"{part}.pod.tolerations[0]"
        preferred = f"{part}.pod.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]"
        named = f"{preferred}.preference.matchExpressions[0]"
        return (
            f"{tolerated}.key={TAINT}",
            f"{tolerated}.value={self.uid}",
            f"{preferred}.weight=100",
            f"{named}.key=kubernetes.io/hostname",
            f"{named}.operator=In",
            f"{named}.values[0]={self.name}",
        )


async def first_node() -> str:
    """Return the name of the oldest node that takes pods."""
    listed = json.loads(await run("kubectl", "get", "nodes", "--sort-by=.metadata.creationTimestamp", "--output=json"))
    return next(str(item["metadata"]["name"]) for item in listed["items"] if not item["spec"].get("taints"))


async def _nodes() -> set[str]:
    listed = json.loads(await run("kubectl", "get", "nodes", "--output=json"))
    return {item["metadata"]["name"] for item in listed["items"]}


@asynccontextmanager
async def second_node(installation: Installation) -> AsyncIterator[SecondNode]:
    """Have a second node; it is gone at the end, and all of the product is well on the others.

    Skips the test where `NODE_TOOL` is not set.
    """
    tool = tuple(shlex.split(os.environ.get(TOOL, "")))
    if not tool:
        pytest.skip(f"no second node can be had: {TOOL} names no command for it (CONTRIBUTING.md)")
    await run(*tool, "remove")
    others = await _nodes()
    try:
        (name, uid), _ = await asyncio.gather(_taint_new(installation.kube, others), run(*tool, "add"))
        await offer(name, 1, of=own(installation.kube.namespace))
        yield SecondNode(name, uid, installation)
    finally:
        await asyncio.shield(_without(installation, tool, others))


async def _taint_new(kube: Kube, others: set[str]) -> tuple[str, str]:
    """Taint the node that comes, which takes no pods yet; returns its name and its uid."""
    async for _change, node in kube.changes("Node"):
        name, uid = str(node["metadata"]["name"]), str(node["metadata"]["uid"])
        if name not in others:
            await run("kubectl", "taint", "node", name, f"{TAINT}={uid}:NoSchedule")
            return name, uid
    raise AssertionError("no more is heard of nodes")


async def _without(installation: Installation, tool: tuple[str, ...], others: set[str]) -> None:
    await run(*tool, "remove")
    for part in ("worker", "bot", "redis"):
        for pod in await installation.kube.pods(part):
            if pod.node and pod.node not in others:
                # Kubernetes would wait for 40 s whether the node comes back.
                await installation.kube("delete", "pod", pod.name, "--force", "--grace-period=0", "--ignore-not-found")
    await installation.upgrade()
    await installation.redis_answers()


async def disk_moves(installation: Installation) -> bool:
    """Whether the disk of Redis may be mounted on another node."""
    claim = f"data-{installation.name}-redis-0"
    volume = await installation.kube("get", "pvc", claim, "--output=jsonpath={.spec.volumeName}")
    return not await run("kubectl", "get", "pv", volume, "--output=jsonpath={.spec.nodeAffinity}")
