"""A node is drained with work in hand."""

from __future__ import annotations

from tests.e2e.cluster.kube import run
from tests.e2e.cluster.second_node import disk_moves


async def test_node_drained_of_all_parts_has_its_job_answered_by_the_same_attempt(installation, node, photo):
    await installation.hold(1)
    parts = ("bot", "redis") if await disk_moves(installation) else ("bot",)
    outlasts_redis = ("worker.settings.lease=60",)  # which is away while its disk moves
    [worker, *_] = await node.host("worker", *parts, sets=outlasts_redis)
    await installation.redis_answers()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=10, times=1)  # so that the drain finds the job in hand
        user, job = await installation.start_job(photo)
    print(f"{', '.join(parts)} and worker on {node.name}")
    ours = f"--pod-selector=app.kubernetes.io/instance={installation.release}"  # others' pods may be there
    drain = ("drain", node.name, ours, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
    print(await run("kubectl", *drain))
    await user.picture(timeout=60)
    await installation.redis_answers()
    fields = await installation.fields(job)  # another node's kubelet may take the logs away
    assert (fields["worker"], fields["attempt"]) == (worker.name, "1")
    await installation.one_message(user)
    for part in parts:
        assert (await installation.one(part)).node != node.name
