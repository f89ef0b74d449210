"""No worker, or workers that go: each trouble is made, found by its runbook, and ended by its remedy."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

from tests.e2e.cluster.installation import CHART, values
from tests.e2e.cluster.kube import eventually, run
from tests.e2e.runbooks.conftest import SETS, as_admin
from tests.e2e.runbooks.on_call import row as row_of

CAPTION = "make it snow"
TINY = "24Mi"
"""Of memory: less than a worker needs to start."""
ENOUGH = "768Mi"
AWAY = 15
"""Seconds of a restart of ComfyUI: an idle worker asks every 10, and then has the model loaded anew."""

GPU = "nvidia.com/gpu"


async def gpus(node, count):
    """Have a node offer so many GPUs; returns how many it offered."""
    had = (await status_of(node))["capacity"][GPU]
    path = "/status/capacity/nvidia.com~1gpu"
    patch = json.dumps([{"op": "add", "path": path, "value": str(count)}])
    await run("kubectl", "patch", "node", node, "--subresource=status", "--type=json", f"--patch={patch}")
    await eventually("the node's offer", lambda: offers(node, str(count)), within=60)
    return had


async def offers(node, count):
    """Whether the node's kubelet has seen the new number."""
    return (await status_of(node))["allocatable"].get(GPU) == count


async def status_of(node):
    return json.loads(await run("kubectl", "get", "node", node, "--output=json"))["status"]


async def changed(installation, *sets):
    """Change values, and do not wait: what comes does not come up."""
    await installation.helm("upgrade", str(CHART), *values(*SETS, *sets))


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
        had = await gpus(node, 0)
        try:
            await user.send(photo=photo, caption=CAPTION)
            row = await on_call.find(
                "QweneditNoWorker", "the node offers no GPU", "Pending", "Insufficient nvidia.com/gpu", within=60
            )
            for words in ("describe nodes", "get pvc"):  # of the rows beside it
                await on_call.type_of("QweneditNoWorker", words)
            await on_call.remedy(row)
            await on_call.part("QweneditNoWorker", "Stop-gap")
        finally:
            await gpus(node, had)  # as a restart of the device plugin does
        await user.picture(timeout=90)
        await on_call.part("QweneditNoWorker", "Afterwards")


async def test_scaling_that_somebody_paused(installation, on_call, photo):
    async with no_worker(installation) as user:
        await installation.kube("annotate", "scaledobject", "edit-qwenedit-worker", "autoscaling.keda.sh/paused=true")
        await user.send(photo=photo, caption=CAPTION)
        row = await on_call.find("QweneditNoWorker", "somebody has paused the scaling", "No worker is up")
        await on_call.remedy(row)
        await user.picture(timeout=90)


async def test_redis_that_refuses_keda(installation, on_call, photo):
    async with no_worker(installation) as user:
        await as_admin(installation, "acl setuser keda -@all")
        try:
            await user.send(photo=photo, caption=CAPTION)
            row = await on_call.find("QweneditNoWorker", "KEDA cannot ask Redis", "No worker is up", "False", within=90)
            await on_call.remedy(row)
            await user.picture(timeout=90)
        finally:
            await as_admin(installation, "acl load")


async def test_comfyui_that_does_not_start(installation, on_call, photo):
    async with no_worker(installation) as user:
        await changed(installation, "comfyui.args={--no-such-flag}")
        await user.send(photo=photo, caption=CAPTION)
        row = await on_call.find("QweneditNoWorker", "ComfyUI does not start", "Init:", "no-such-flag", within=60)
        await on_call.remedy(row)
        await user.picture(timeout=120)


async def test_models_that_are_missing(installation, on_call, photo):
    [worker] = await installation.hold(1)
    user = await installation.telegram.user()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("missing_model")
        await user.send(photo=photo, caption=CAPTION)
        row = await on_call.find("QweneditNoWorker", "files of models that are missing", "Not ready:", "1/2", within=60)
        await on_call.remedy(row)
        await comfyui.clear()  # the Job has fetched them
    await user.picture(timeout=90)


async def test_model_that_cannot_be_loaded(installation, on_call, photo):
    [worker] = await installation.hold(1)
    user = await installation.telegram.user()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("oom_loading", times=None)
        await comfyui.fault("restart", seconds=AWAY)
    on_call.words["POD"] = worker.name
    row = await on_call.find(
        "QweneditWarmUpsFail", "on one pod", "worker.warm_up_failed", "ServerOutOfMemory", "Not ready:", within=60
    )
    await user.send(photo=photo, caption=CAPTION)
    await user.says("The server does not have the memory to edit pictures now", timeout=60)
    await on_call.part("QweneditWarmUpsFail", "Stop-gap")
    await on_call.remedy(row)
    await on_call.part("QweneditWarmUpsFail", "Afterwards")
    await user.picture(timeout=90)
    await on_call.remedy(row_of("QweneditWarmUpsFail", "on all pods"))
    await installation.kube("rollout", "status", "deployment/edit-qwenedit-worker", "--timeout=120s")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=90, number=2)


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


async def test_rights_that_redis_took_from_the_workers(installation, on_call, photo):
    await installation.hold(1)
    await as_admin(installation, "acl setuser worker -@all +ping")
    user = await installation.telegram.user()
    await user.send(photo=photo, caption=CAPTION)
    row = await on_call.find("QweneditQueueStuck", "Redis' users were changed", "redis.refused", within=60)
    await on_call.remedy(row)
    await installation.redis_answers()
    await user.picture(timeout=90)
    for part in ("worker", "bot"):  # the remedies of other rows: both roll without loss
        await on_call.type_of("QweneditQueueStuck", f"rollout restart deployment/edit-qwenedit-{part}")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=120, number=2)


async def test_worker_that_is_gone(installation, on_call, photo):
    [worker] = await installation.hold(1)
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=30)
        user, job = await installation.start_job(photo)
        await installation.until_editing(job, step=2)
    await installation.kube("delete", "pod", worker.name, "--force", "--grace-period=0")
    on_call.words["JOB"] = job[:8]
    await on_call.find(
        "QweneditWorkersLost", "deletes pods by force", "job.lease_expired", f"pod/{worker.name}", "Killing", within=60
    )
    await user.picture(timeout=60)
    await on_call.part("QweneditWorkersLost", "Stop-gap")
    await on_call.part("QweneditWorkersLost", "Afterwards")


async def test_worker_that_lacks_memory(installation, on_call, photo):
    await installation.hold(0)
    await changed(installation, f"worker.resources.limits.memory={TINY}", f"worker.resources.requests.memory={TINY}")
    await installation.pause_at(1)
    row = await on_call.find("QweneditWorkersLost", "the container's memory limit", "OOMKilled", within=90)
    [worker] = await installation.workers()
    on_call.words |= {"POD": worker.name, "SIZE": ENOUGH}
    await on_call.type_of("QweneditWorkersLost", "--previous")
    await on_call.remedy(row)
    user = await installation.telegram.user()
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=120)


async def test_executor_that_dies(installation, on_call, photo):
    [worker] = await installation.hold(1)
    user = await installation.telegram.user()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("kill_executor")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=150)
    on_call.words["POD"] = worker.name
    row = await on_call.find("QweneditComfyUIRestarts", "the GPU or its driver", "comfyui.condemned", worker.name)
    await on_call.remedy(row)
    await on_call.part("QweneditComfyUIRestarts", "Afterwards")
    await eventually("another worker", lambda: another(installation, worker), within=60)


async def another(installation, worker):
    pods = await installation.workers()
    return len(pods) == 1 and pods[0].ready and pods[0].name != worker.name
