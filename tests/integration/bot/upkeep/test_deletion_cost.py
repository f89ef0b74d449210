"""What Kubernetes is told about the workers; TLS and the Role are shown on a real cluster in tests/e2e."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import certifi
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from local_stack import HOST
from qwenedit_bot.upkeep.deletion_cost import ANNOTATION, BUSY, COMPARE_EVERY, DeletionCosts, WorkerPods
from qwenedit_jobs import Edit, Job, JobQueue, Keys
from qwenedit_jobs.queue.queue import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from redis.asyncio import Redis

PODS = "/api/v1/namespaces/edit/pods"


@dataclass
class ApiServer:
    """Pods of a namespace, and what was asked about them."""

    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    refuse: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix(PODS).strip("/")
        self.calls.append(f"{request.method} {name}".strip())
        if self.refuse or request.headers["Authorization"] != "Bearer the-token":
            return web.Response(status=403, text="forbidden")
        if request.method == "GET":
            assert request.query["labelSelector"] == "component=worker"
            return web.json_response({"items": [{"metadata": {"name": n, **p}} for n, p in self.pods.items()]})
        if name in self.gone:
            return web.Response(status=404)
        assert request.content_type == "application/merge-patch+json"
        patch = await request.json()
        self.pods[name].setdefault("annotations", {}).update(patch["metadata"]["annotations"])
        return web.json_response({})

    def costs(self) -> dict[str, str]:
        return {name: pod.get("annotations", {}).get(ANNOTATION, "0") for name, pod in self.pods.items()}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def api() -> ApiServer:
    return ApiServer(pods={"idle": {}, "busy": {}, "leaving": {"deletionTimestamp": "now"}})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def serving(api: ApiServer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def pods(api: ApiServer, tmp_path: Path) -> AsyncIterator[WorkerPods]:
    (tmp_path / "token").write_text("the-token\n")
    shutil.copy(certifi.where(), tmp_path / "ca.crt")
    async with (
        serving(api) as url,
        WorkerPods(url, namespace="edit", selector="component=worker", account=tmp_path) as pods,
    ):
        yield pods


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, Keys())


@pytest.fixture
def costs(queue: JobQueue, pods: WorkerPods, clock: Clock) -> DeletionCosts:
    return DeletionCosts(queue=queue, pods=pods, clock=clock)


async def start_job(queue: JobQueue, worker: str) -> Job:
    job = Job(id=worker, user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=None)
    await queue.enqueue(job, Limits())
    await queue.claim(worker=worker, token=worker, lease=30)
    return job


async def test_worker_with_a_job_costs_more_than_an_idle_one_until_the_job_ends(queue, costs, api) -> None:
    job = await start_job(queue, "busy")
    await costs.tick()
    assert api.costs() == {"idle": "0", "busy": str(BUSY), "leaving": "0"}
    await queue.release(job.id, "busy")
    await costs.tick()
    assert api.costs()["busy"] == "0"


async def test_leaving_worker_is_left_alone(queue, costs, api) -> None:
    await start_job(queue, "leaving")
    await costs.tick()
    assert api.calls == ["GET"]


async def test_kubernetes_is_asked_only_when_a_job_began_or_ended_or_long_ago(queue, costs, api, clock) -> None:
    await start_job(queue, "busy")
    for _ in range(3):
        await costs.tick()
    assert api.calls == ["GET", "PATCH busy"]
    clock.now += COMPARE_EVERY
    await costs.tick()
    assert api.calls[2:] == ["GET"]


async def test_pod_that_is_gone_meanwhile_is_no_trouble(queue, costs, api) -> None:
    api.gone = {"busy"}
    await start_job(queue, "busy")
    with capture_logs() as logs:
        await costs.tick()
    assert not logs


async def test_refused_deletion_cost_is_logged_once_and_tried_again(queue, costs, api) -> None:
    api.refuse = True
    await start_job(queue, "busy")
    with capture_logs() as logs:
        await costs.tick()
        await costs.tick()
        api.refuse = False
        await costs.tick()
    assert [entry["event"] for entry in logs] == ["deletion_cost.not_set", "deletion_cost.recovered"]
    assert "403" in logs[0]["reason"]
    assert api.costs()["busy"] == str(BUSY)


async def test_outside_of_kubernetes_the_reason_is_logged_and_nothing_fails(queue, tmp_path) -> None:
    async with WorkerPods("https://127.0.0.1:1", namespace="n", selector="s", account=tmp_path) as nowhere:
        await start_job(queue, "busy")
        with capture_logs() as logs:
            await DeletionCosts(queue=queue, pods=nowhere).tick()
    assert "token" in logs[0]["reason"]
