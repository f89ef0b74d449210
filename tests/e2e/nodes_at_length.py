"""Nodes are cut off for minutes, and lose their power with the bot or with Redis on them: `make prove NAME=nodes`."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.e2e.cluster.kube import eventually, run, throughout
from tests.e2e.cluster.second_node import disk_moves, until_left

CUT = 120
"""Seconds for which nobody hears of a node."""
ECHO = 10
"""Seconds after which nothing more is to come of it."""
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"


def pictures(chat):
    """Return how often each message of the bot was made a picture."""
    return [sum(version.photo is not None for version in message.versions) for message in chat.from_bot]


def told(installation, pod, *events):
    """Return what a pod logged of these events."""
    return [
        (entry["event"], entry.get("outcome")) for entry in installation.watch.events(pod) if entry["event"] in events
    ]


async def until_gone(installation, pod):
    async def gone():
        return await installation.kube.pod(pod.name) is None

    await eventually(f"{pod.name} gone", gone, within=90)


async def start_slow_job(installation, worker, photo):
    """Let a user send a photo whose edit ends some seconds after what befalls a node."""
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=6, times=1)
        return await installation.start_job(photo)


async def heal_after(node, installation, pod, began):
    """Connect the node again when its time is over, and wait until its pod has ended there."""
    await asyncio.sleep(max(began + CUT - time.monotonic(), 0))
    healed = await node("heal")
    await until_gone(installation, pod)
    return time.monotonic() - healed


async def test_worker_cut_off_for_two_minutes_has_its_job_answered_once(installation, node, photo):
    await installation.hold(1)
    [worker] = await node.host("worker")
    user, job = await start_slow_job(installation, worker, photo)
    cut = await node("cut")
    assert (await installation.fields(job))["state"] == "running", "the job ended before its node was cut off"
    await installation.let_scale()
    left = await until_left(installation, worker, within=90) - cut
    await user.picture(timeout=90)
    answered = time.monotonic() - cut
    gone = await heal_after(node, installation, worker, cut)
    print(f"cut off: pod given up after {left:.0f} s, answer after {answered:.0f} s; gone {gone:.0f} s after {CUT} s")

    async def once():
        return pictures(await user.snapshot()) == [1]

    await throughout("one picture", once, seconds=ECHO)
    claims = installation.watch.claims(job)
    print(f"attempts: {claims}")
    assert answered < 90
    assert [attempt for _pod, attempt in claims] == [1, 2]


@pytest.mark.parametrize("fate", ["kill", "cut"])
async def test_bot_whose_node_is_lost_answers_each_message_once(installation, node, photo, fate):
    [worker] = await installation.hold(1)
    [bot] = await node.host("bot")
    user, job = await start_slow_job(installation, worker, photo)
    lost = await node(fate)
    other = await installation.telegram.user()
    await other.send(photo=photo, caption="make it snow")
    await other.send_text("/help")
    left = await until_left(installation, bot, within=90) - lost
    await user.picture(timeout=90)
    answered = time.monotonic() - lost
    await other.says("What works well", timeout=60)
    helped = time.monotonic() - lost
    await other.picture(timeout=60)
    served = time.monotonic() - lost
    print(f"{fate}: pod given up after {left:.0f} s; picture of the job in hand after {answered:.0f} s,")
    print(f"help for another user after {helped:.0f} s, and their picture after {served:.0f} s")
    if fate == "cut":
        gone = await heal_after(node, installation, bot, lost)
        print(f"the old bot was gone {gone:.0f} s after {CUT} s")
    print(f"the old bot: {told(installation, bot.name, 'leader.gained', 'leader.lost', 'polling.conflict')}")
    now = await installation.one("bot")  # the other one is there until somebody says that its node is gone
    print(f"the new bot: {told(installation, now.name, 'leader.gained', 'leader.lost', 'polling.conflict')}")

    async def once():
        return pictures(await user.snapshot()) == [1] and sorted(pictures(await other.snapshot())) == [0, 1]

    await throughout("each answered once", once, seconds=ECHO)
    assert (await installation.fields(job))["attempt"] == "1"


async def test_redis_whose_node_is_dead_is_elsewhere_once_the_node_is_given_up(installation, node, photo):
    if not await disk_moves(installation):
        pytest.skip("the disk of Redis is bound to its node")
    [worker] = await installation.hold(1)
    [redis] = await node.host("redis")
    await installation.redis_answers()
    user, job = await start_slow_job(installation, worker, photo)
    killed = await node("kill")
    other = await installation.telegram.user()
    await other.send(photo=photo, caption="make it snow")

    async def not_ready():
        pod = await installation.kube.pod(redis.name)
        return pod is not None and not pod.ready

    await eventually("Redis not ready", not_ready, within=90)
    verdict = time.monotonic() - killed
    await run("kubectl", "taint", "node", node.name, OUT_OF_SERVICE)
    again = await installation.one("redis")
    ready = time.monotonic() - killed
    assert again.node != node.name
    await installation.redis_answers()
    await user.picture(timeout=90)
    answered = time.monotonic() - killed
    await other.picture(timeout=90)
    served = time.monotonic() - killed
    print(f"verdict after {verdict:.0f} s, Redis ready elsewhere after {ready:.0f} s;")
    print(f"picture of the job in hand after {answered:.0f} s, of a photo sent meanwhile after {served:.0f} s")
    print(f"attempts: {installation.watch.claims(job)}")
    assert pictures(await user.snapshot()) == pictures(await other.snapshot()) == [1]
