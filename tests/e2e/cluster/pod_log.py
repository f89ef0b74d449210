"""What a container logs, from its first line to its last, whatever becomes of the streams that bring it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import ClientError
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.dynamic.exceptions import DynamicApiError

from tests.e2e.cluster.kube import LOOK_EVERY, Pod

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BROKEN = (ApiException, ClientError, DynamicApiError, OSError, TimeoutError)
"""How a stream ends, or does not begin, while the container goes on: its node is cut off, say."""


class Source(Protocol):
    """Where pods and their logs are looked up."""

    async def pod(self, name: str) -> Pod | None:
        """Return one pod; None when there is none."""

    def log(self, pod: str, container: str, *, since: str = "", previous: bool = False) -> AsyncIterator[str]:
        """Yield the lines that a container logs, each behind its time, until it ends or the stream breaks."""


async def whole_log(source: Source, pod: Pod) -> AsyncIterator[str]:
    """Yield each line of the container that a pod is named for, until that container has ended.

    A stream that breaks is followed by another one, which goes on after the last line.
    """
    run = pod.containers[pod.part]["restartCount"]
    last = ""
    while True:
        # Asked before the stream: what comes of a container that has ended is all that is left of it.
        now = await _container(source, pod)
        restarted = now is not None and now["restartCount"] > run
        since = last
        with suppress(*BROKEN):
            async for stamped in source.log(pod.name, pod.part, since=since, previous=restarted):
                stamp, _, line = stamped.partition(" ")
                if stamp > since and stamp[:1].isdigit():  # the kubelet's own complaints have no time
                    last = stamp
                    yield line
            if now is not None and "terminated" in now["state"]:
                return
        if now is None or restarted:
            return
        await asyncio.sleep(LOOK_EVERY)


async def _container(source: Source, pod: Pod) -> dict[str, Any] | None:
    """Return its status; None where the pod is gone."""
    found = await source.pod(pod.name)
    return None if found is None else found.containers.get(pod.part)
