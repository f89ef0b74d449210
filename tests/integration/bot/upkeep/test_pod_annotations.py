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
from qwenedit_bot.upkeep.pod_annotations import (
    BUSY,
    COMPARE_EVERY,
    DELETION_COST,
    HOLD,
    IDLE_AFTER,
    LET_GO,
    PodAnnotations,
)
from qwenedit_bot.upkeep.worker_pods import WorkerPods
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
    starting: set[str] = field(default_factory=set)
    refuse: bool = False

    async def handle(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix(PODS).strip("/")
        self.calls.append(f"{request.method} {name}".strip())
        if self.refuse or request.headers["Authorization"] != "Bearer the-token":
            return web.Response(status=403, text="forbidden")
        if request.method == "GET":
            assert request.query["labelSelector"] == "component=worker"
            items = [
                {
                    "metadata": {"name": name, **pod},
                    "status": {"conditions": [{"type": "Ready", "status": str(name not in self.starting)}]},
                }
                for name, pod in self.pods.items()
            ]
            return web.json_response({"items": items})
        if name in self.gone:
            return web.Response(status=404)
        assert request.content_type == "application/merge-patch+json"
        patch = await request.json()
        self.pods[name].setdefault("annotations", {}).update(patch["metadata"]["annotations"])
        return web.json_response({})

    def costs(self) -> dict[str, str]:
        return {name: pod.get("annotations", {}).get(DELETION_COST, "0") for name, pod in self.pods.items()}

    def switches(self, name: str) -> dict[str, str]:
        there: dict[str, str] = self.pods[name].get("annotations", {})
        return {key: there[key] for key in HOLD if key in there}


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
def kept(queue: JobQueue, pods: WorkerPods, clock: Clock) -> PodAnnotations:
    return PodAnnotations(queue=queue, pods=pods, release_idle_nodes=True, clock=clock)


async def start_job(queue: JobQueue, worker: str) -> Job:
    job = Job(id=worker, user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=None)
    await queue.enqueue(job, Limits())
    await queue.claim(worker=worker, token=worker, lease=30)
    return job


async def test_worker_with_a_job_costs_more_than_an_idle_one_until_the_job_ends(queue, kept, api) -> None:
    job = await start_job(queue, "busy")
    await kept.tick()
    assert api.costs() == {"idle": "0", "busy": str(BUSY), "leaving": "0"}
    await queue.release(job.id, "busy")
    await kept.tick()
    assert api.costs()["busy"] == "0"


async def test_leaving_worker_is_left_alone(queue, kept, api) -> None:
    await start_job(queue, "leaving")
    await kept.tick()
    assert api.calls == ["GET"]


async def test_kubernetes_is_asked_only_when_a_job_began_or_ended_or_long_ago(queue, kept, api, clock) -> None:
    await start_job(queue, "busy")
    for _ in range(3):
        await kept.tick()
    assert api.calls == ["GET", "PATCH busy"]
    clock.now += COMPARE_EVERY
    await kept.tick()
    assert api.calls[2:] == ["GET"]


async def test_worker_holds_its_node_until_it_has_been_idle_for_a_while(queue, kept, api, clock) -> None:
    api.pods = {"busy": {"annotations": dict(HOLD)}, "without": {}}
    job = await start_job(queue, "busy")
    await kept.tick()
    clock.now += 2 * IDLE_AFTER
    await kept.tick()
    assert api.switches("busy") == HOLD
    await queue.release(job.id, "busy")
    await kept.tick()
    clock.now += IDLE_AFTER - 1
    await kept.tick()
    assert api.switches("busy") == HOLD
    clock.now += 1
    await kept.tick()
    assert api.switches("busy") == LET_GO
    await queue.claim(worker="busy", token="again", lease=30)
    await kept.tick()
    assert api.switches("busy") == HOLD
    assert api.switches("without") == {}, "the operator wants none"


async def test_worker_that_starts_holds_its_node(kept, api, clock) -> None:
    api.pods, api.starting = {"starting": {"annotations": dict(HOLD)}}, {"starting"}
    await kept.tick()
    clock.now += 2 * IDLE_AFTER
    await kept.tick()
    assert api.switches("starting") == HOLD
    api.starting.clear()
    clock.now += COMPARE_EVERY
    await kept.tick()
    clock.now += IDLE_AFTER
    await kept.tick()
    assert api.switches("starting") == LET_GO


async def test_nodes_are_held_for_good_where_the_operator_wants_that(queue, pods, api, clock) -> None:
    api.pods = {"idle": {"annotations": dict(HOLD)}}
    kept = PodAnnotations(queue=queue, pods=pods, release_idle_nodes=False, clock=clock)
    await kept.tick()
    clock.now += 2 * IDLE_AFTER
    await kept.tick()
    assert api.switches("idle") == HOLD


async def test_pod_that_is_gone_meanwhile_is_no_trouble(queue, kept, api) -> None:
    api.gone = {"busy"}
    await start_job(queue, "busy")
    with capture_logs() as logs:
        await kept.tick()
    assert not logs


async def test_refused_deletion_cost_is_logged_once_and_tried_again(queue, kept, api) -> None:
    api.refuse = True
    await start_job(queue, "busy")
    with capture_logs() as logs:
        await kept.tick()
        await kept.tick()
        api.refuse = False
        await kept.tick()
    assert [entry["event"] for entry in logs] == ["worker_pods.not_annotated", "worker_pods.recovered"]
    assert "403" in logs[0]["reason"]
    assert api.costs()["busy"] == str(BUSY)


async def test_outside_of_kubernetes_the_reason_is_logged_and_nothing_fails(queue, tmp_path) -> None:
    async with WorkerPods("https://127.0.0.1:1", namespace="n", selector="s", account=tmp_path) as nowhere:
        await start_job(queue, "busy")
        with capture_logs() as logs:
            await PodAnnotations(queue=queue, pods=nowhere, release_idle_nodes=True).tick()
    assert "token" in logs[0]["reason"]
