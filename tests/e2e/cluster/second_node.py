"""A second node, which tests drain, cut off and kill.

No API of Kubernetes does that, so `NODE_TOOL` names a command that does. It is called with one of these words:

- `add`: have one node more than before, ready, with the images and at least one `nvidia.com/gpu`, and return then
- `cut`: let nobody hear of that node, which goes on
- `heal`: end that
- `kill`: end all that runs on it at once, as a power failure does
- `remove`: have it no longer, whatever state it is in; there may be none
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.e2e.cluster.kube import Pod, eventually, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.cluster.installation import Installation

TOOL = "NODE_TOOL"


@dataclass(frozen=True)
class SecondNode:
    """A node that is a test's alone."""

    name: str
    others: tuple[str, ...]
    tool: tuple[str, ...]
    installation: Installation

    async def __call__(self, word: str) -> float:
        """Have the tool do something; returns when that began, in monotonic seconds."""
        began = time.monotonic()
        await run(*self.tool, word)
        return began

    async def worker(self) -> Pod:
        """Have one worker, on this node."""
        await self.installation.hold(0)
        async with self._without(*self.others):
            [pod] = await self.installation.hold(1)
        assert pod.node == self.name
        return pod

    async def worker_elsewhere(self) -> Pod:
        """Have one worker, on another node."""
        await self.installation.hold(0)
        async with self._without(self.name):
            [pod] = await self.installation.hold(1)
        return pod

    async def move_here(self, part: str) -> Pod:
        """Have the pod of the bot, or of Redis, end and start again on this node."""
        kube = self.installation.kube
        [old] = await kube.pods(part)
        async with self._without(*self.others):
            await kube("delete", "pod", old.name, "--timeout=90s")
            pod = await self.installation.one(part)
        assert pod.node == self.name
        return pod

    @asynccontextmanager
    async def _without(self, *nodes: str) -> AsyncIterator[None]:
        """Let no pod be scheduled on some nodes meanwhile."""
        await run("kubectl", "cordon", *nodes)
        try:
            yield
        finally:
            await run("kubectl", "uncordon", *nodes)


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
        await run(*tool, "add")
        [name] = await _nodes() - others
        yield SecondNode(name=name, others=tuple(sorted(others)), tool=tool, installation=installation)
    finally:
        await asyncio.shield(_without(installation, tool, others))


async def _without(installation: Installation, tool: tuple[str, ...], others: set[str]) -> None:
    await run(*tool, "remove")
    for part in ("worker", "bot", "redis"):
        for pod in await installation.kube.pods(part):
            if pod.node and pod.node not in others:
                # Kubernetes would wait for 40 s whether the node comes back.
                await installation.kube("delete", "pod", pod.name, "--force", "--grace-period=0", "--ignore-not-found")
    for part in ("redis", "bot"):
        await installation.one(part)
    await installation.redis_answers()


async def until_left(installation: Installation, pod: Pod, *, within: float) -> float:
    """Wait until Kubernetes has told a pod to leave; returns when it was seen, in monotonic seconds."""

    async def left() -> bool:
        now = await installation.kube.pod(pod.name)
        return now is None or now.leaving

    await eventually(f"{pod.name} told to leave", left, within=within)
    return time.monotonic()


async def disk_moves(installation: Installation) -> bool:
    """Whether the disk of Redis may be mounted on another node."""
    claim = f"data-{installation.name}-redis-0"
    volume = await installation.kube("get", "pvc", claim, "--output=jsonpath={.spec.volumeName}")
    return not await run("kubectl", "get", "pv", volume, "--output=jsonpath={.spec.nodeAffinity}")
