"""Pods that are told to leave: the job in hand ends where it began."""

from __future__ import annotations

import asyncio

from tests.e2e.cluster.installation import LONG
from tests.e2e.cluster.kube import eventually, run


async def until_gone(installation, pod):
    async def gone():
        return await installation.kube.get("Pod", pod.name) is None

    await eventually(f"{pod.name} gone", gone, within=60)


async def test_pod_deleted_in_mid_job_finishes_and_answers_it(installation, worker, photo):
    user, job = await installation.start_job(photo)
    await installation.kube("delete", "pod", worker.name, "--wait=false")
    leaving = await installation.kube.get("Pod", worker.name)
    assert leaving is not None
    assert "deletionTimestamp" in leaving["metadata"]
    assert (await installation.fields(job))["state"] == "running", "the pod was told to leave too late for this test"
    await user.picture(timeout=90)
    await until_gone(installation, worker)
    claims = installation.watch.claims(job)
    print(f"attempts: {claims}")
    assert claims == [(worker.name, 1)]
    assert len((await user.snapshot()).from_bot) == 1


async def test_drained_node_lets_the_job_end(installation, worker, photo):
    user, job = await installation.start_job(photo)
    node = worker.item["spec"]["nodeName"]
    selector = f"app.kubernetes.io/instance={installation.release},app.kubernetes.io/component=worker"
    try:
        printed = await run(
            "kubectl", "drain", node, f"--pod-selector={selector}", "--delete-emptydir-data", "--timeout=90s"
        )
    finally:
        await run("kubectl", "uncordon", node)
    assert f"pod/{worker.name} evicted" in printed
    await user.picture(timeout=90)
    claims = installation.watch.claims(job)
    print(f"attempts: {claims}")
    assert claims == [(worker.name, 1)]
    assert len((await user.snapshot()).from_bot) == 1


async def test_scaling_in_under_load_loses_no_attempt(installation):
    await installation.hold(2)
    jobs = [await installation.push(workflow=LONG) for _ in range(2)]
    await asyncio.gather(*(installation.until_editing(job) for job in jobs))
    await installation.pause_at(1)

    async def one_leaves():
        pods = await installation.kube.pods("worker")
        return [pod for pod in pods if pod.leaving]

    [victim] = await eventually("a worker told to leave", one_leaves, within=60)
    counts = await installation.queue.counts()
    assert counts.running + counts.draining == len(jobs), "both jobs were to be in hand when the pod was told to leave"

    async def uncounted():
        return (await installation.queue.counts()).draining == 1

    await eventually("KEDA no longer counting the job of the leaving pod", uncounted, within=60)
    finished = [await installation.until(job, "done", "failed", "delayed", within=60) for job in jobs]
    claims = {job: installation.watch.claims(job) for job in jobs}
    print(f"{victim.name} had to leave; attempts: {claims}")
    assert [fields["state"] for fields in finished] == ["done", "done"]
    assert [len(attempts) for attempts in claims.values()] == [1, 1]
