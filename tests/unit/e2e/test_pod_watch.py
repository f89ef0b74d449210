"""The tests on a cluster read what pods say."""

from __future__ import annotations

import asyncio

from kubernetes.aio.client.exceptions import ApiException

from tests.e2e.cluster.kube import Kube
from tests.e2e.cluster.pod_watch import Watch


def worker(name):
    status = {"containerStatuses": [{"name": "worker", "restartCount": 0, "state": {"running": {}}}]}
    return {"metadata": {"name": name, "labels": {"app.kubernetes.io/component": "worker"}}, "status": status}


class ForgetfulCluster(Kube):
    """Says after the first pod that it no longer knows what came since; each pod logs one line."""

    def __init__(self):
        self.there = []

    async def changes(self, _kind):
        self.there.append(worker(f"worker-{len(self.there)}"))
        for pod in self.there:
            yield "ADDED", pod
        if len(self.there) == 2:
            await asyncio.Event().wait()
        raise ApiException(status=410, reason="Expired: too old resource version")

    async def pod(self, _name):
        return None

    async def log(self, pod, container, *, since="", previous=False):  # noqa: ARG002 - as Kube has it
        yield f"2026-01-01T00:00:00Z {pod} says this"


async def test_pod_that_starts_after_the_watch_has_expired_is_heard():
    async with Watch(ForgetfulCluster()) as watch, asyncio.timeout(5):
        while len(watch.logs) < 2:
            await asyncio.sleep(0.01)
    assert watch.logs == {name: [f"{name} says this"] for name in ("worker-0", "worker-1")}
