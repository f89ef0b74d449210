"""Who is restarted, by whom, and how fast."""

from __future__ import annotations

import copy
import time
from datetime import datetime

import pytest_asyncio

from tests.e2e.cluster.kube import eventually

STUBBORN = "stubborn"
DEAF = """
import http.server, pathlib, signal, time
hung = pathlib.Path("/tmp/hung")
first = not hung.exists()
hung.touch()
started = time.monotonic()
signal.signal(signal.SIGTERM, signal.SIG_IGN)

class Probes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        hangs = first and time.monotonic() - started > 5 and self.path == "/livez"
        self.send_response(503 if hangs else 200)
        self.end_headers()

http.server.HTTPServer(("", 8080), Probes).serve_forever()
"""
"""Passes its startup probe, then fails its liveness probe and is deaf to SIGTERM; well again after its restart."""


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def stubborn(installation):
    """A pod of the workers' template, probes and all, with a deaf process in it; its time passes beside the tests."""
    deployment = await installation.kube.get("Deployment", f"{installation.name}-worker")
    assert deployment is not None
    spec = copy.deepcopy(deployment["spec"]["template"]["spec"])
    del spec["initContainers"]
    spec["containers"][0] |= {"command": ["python", "-c", DEAF]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": STUBBORN}, "spec": spec}
    await installation.kube.apply(pod)
    yield
    await installation.kube("delete", "pod", STUBBORN, "--force", "--grace-period=0")


async def test_dead_executor_costs_comfyui_alone_a_restart_and_the_job_is_answered(installation, worker, photo):
    user = await installation.telegram.user()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("kill_executor")

        async def dead():
            return not (await comfyui.state()).executor_alive

        await eventually("the executor's death", dead, within=60)
    hung = time.monotonic()
    await user.send(photo=photo, caption="make it snow")
    await user.picture(timeout=150)
    seconds = time.monotonic() - hung
    pod = await installation.kube.pod(worker.name)
    assert pod is not None
    print(f"from the executor's death to the answered job: {seconds:.1f} s; restarts: {pod.restarts}")
    assert pod.restarts == {"comfyui": 1, "worker": 0}
    await installation.one_message(user)


async def test_hung_worker_is_killed_in_ten_seconds_and_not_after_its_grace_period(installation):
    async def restarted():
        pod = await installation.kube.pod(STUBBORN)
        return pod if pod is not None and pod.restarts["worker"] else None

    pod = await eventually("the restart of the hung container", restarted, within=120)
    ended = when(pod.containers["worker"]["lastState"]["terminated"]["finishedAt"])
    selector = f"involvedObject.name={STUBBORN},reason=Killing"
    [killing] = await installation.kube.objects("Event", fields=selector)
    seconds = (ended - when(killing["firstTimestamp"])).total_seconds()
    grace = pod.item["spec"]["terminationGracePeriodSeconds"]
    print(f"from the liveness kill to the container's end: {seconds:.0f} s; the pod's grace period is {grace} s")
    assert 9 <= seconds <= 60
    assert grace > 60


def when(text):
    return datetime.fromisoformat(text)
