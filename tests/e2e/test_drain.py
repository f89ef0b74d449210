"""Pods that have to leave: a running job ends where it began."""

from __future__ import annotations

import asyncio

from tests.e2e.cluster.installation import LONG
from tests.e2e.cluster.kube import eventually


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
    events = await installation.kube.objects("Event", fields=f"involvedObject.name={victim.name},reason=Killing")
    assert {event["message"] for event in events} == {"Stopping container worker", "Stopping container comfyui"}
    assert [entry["event"] for entry in installation.watch.events(victim.name)].count("worker.leaving") == 1
    assert "worker.releasing" not in str(installation.watch.logs[victim.name])
