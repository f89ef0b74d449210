"""No worker, or workers that go: each trouble is made, found by its runbook, and ended by its remedy."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager

import pytest

from tests.e2e.cluster.gpus import offer
from tests.e2e.cluster.installation import CHART, values
from tests.e2e.cluster.kube import CommandError, eventually, run
from tests.e2e.runbooks.conftest import SETS, as_admin

CAPTION = "make it snow"


@asynccontextmanager
async def no_worker(installation):
    """Have no worker, and leave the next one to KEDA."""
    await installation.hold(0)
    await installation.let_scale()
    yield await installation.telegram.user()
    await installation.hold(1)


async def test_node_that_offers_no_gpu(installation, on_call, photo):
    node = on_call.words["NODE"]
    async with no_worker(installation) as user:
        had = await offer(node, 0)
        try:
            await user.send(photo=photo, caption=CAPTION)
            row = await on_call.find(
                "QweneditNoWorker", "the node offers no GPU", "Pending", "Insufficient nvidia.com/gpu", within=60
            )
            for words in ("describe nodes", "get storageclass"):  # of the rows beside it
                await on_call.type_of("QweneditNoWorker", words)
            await on_call.remedy(row, but="gpu.resource")  # whose name is as it was
            await on_call.part("QweneditNoWorker", "Stop-gap")
        finally:
            await offer(node, int(had))  # as a restart of the device plugin does
        await user.picture(timeout=90)
        await on_call.part("QweneditNoWorker", "Afterwards")


async def test_release_whose_image_is_missing(installation, on_call, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    missing = (str(CHART), *values(*SETS, "worker.image.tag=nowhere"))
    with pytest.raises(CommandError, match="edit-qwenedit-image-check not ready"):
        await installation.helm("upgrade", *missing, "--timeout=15s")
    assert "worker:nowhere" in await installation.kube("get", "events", "--field-selector=type=Warning")
    await installation.kube("wait", "--for=delete", "pod/edit-qwenedit-image-check", "--timeout=60s")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60)

    await installation.helm("upgrade", *missing, "--no-hooks")  # as tools do that know none
    await user.send(photo=photo, caption=CAPTION)

    async def named():
        said = await installation.kube("exec", "deploy/edit-qwenedit-bot", "--", "qwenedit", "status")
        return re.search(r"QweneditNoWorker: no worker is ready, .*?: `(.+?)` shows why", said)

    command = await eventually("the status", named, within=30)

    async def shown():
        return re.search("ErrImagePull|ImagePullBackOff", await run("bash", "-c", command[1]))

    await eventually("the cause", shown, within=30)
    row = await on_call.find("QweneditNoWorker", "an image can't be pulled", "ImagePullBackOff", within=60)
    await on_call.remedy(row)
    await user.picture(timeout=90, number=2)
    await installation.redis_answers()  # a rollback may restart it


async def test_worker_that_is_cut_off_from_redis(installation, on_call, photo):
    """It is no worker any more for Redis' policy, nor for its Deployment, which starts another one."""
    [worker] = await installation.hold(1)
    await installation.kube("label", "pod", worker.name, "app.kubernetes.io/component=cut", "--overwrite")
    try:

        async def told():
            await as_admin(installation, "client kill user worker")  # a policy lets connections go on that are open
            pod = await installation.kube.pod(worker.name)
            lines = await installation.kube("logs", worker.name, "--container=worker", "--tail=20")
            return "redis.unreachable" in lines and pod is not None and not pod.ready

        await eventually("a worker that isn't ready, and says why", told, within=60)
        user = await installation.telegram.user()
        await user.send(photo=photo, caption=CAPTION)
        await user.picture(timeout=90)
    finally:
        await installation.kube("delete", "pod", worker.name, "--wait=false")


async def test_comfyui_that_hangs(installation, on_call, photo):
    [worker] = await installation.hold(1)
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2)
        user, job = await installation.start_job(photo)
        await installation.until_editing(job, step=2)
    on_call.words |= {"POD": worker.name, "JOB": job[:8]}
    row = await on_call.find("QweneditQueueStuck", "ComfyUI hangs", "busy", "2/4")
    await on_call.part("QweneditQueueStuck", "Stop-gap")
    await on_call.remedy(row)
    await user.picture(timeout=120)
    await on_call.part("QweneditQueueStuck", "Afterwards")


async def test_worker_that_is_gone(installation, on_call, photo):
    [worker] = await installation.hold(1)
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=30)
        user, job = await installation.start_job(photo)
        await installation.until_editing(job, step=2)
    await installation.kube("delete", "pod", worker.name, "--force", "--grace-period=0")
    on_call.words["JOB"] = job[:8]
    await on_call.find(
        "QweneditWorkersLost", "deletes pods by force", "job.lease_expired", f"Pod/{worker.name}", "Killing", within=60
    )
    await user.picture(timeout=60)
    await on_call.part("QweneditWorkersLost", "Stop-gap")
    await on_call.part("QweneditWorkersLost", "Afterwards")


async def another(installation, worker):
    pods = await installation.workers()
    return len(pods) == 1 and pods[0].ready and pods[0].name != worker.name
