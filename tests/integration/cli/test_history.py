"""What an operator is told of a job's past: its last attempt, its end, and the answer that its user waits for."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from qwenedit_jobs import Done, Edit, Fail, Job, QueueLimits, Reason, Release, ReplyTo, Result, Retry
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.picture_refs import result_ref
from qwenedit_jobs.sample_picture import gradient
from qwenedit_testkit.proxy import Proxy, Toxic
from tests.integration.cli.conftest import PROMPT, ids_in, line_of


async def test_last_attempt_is_told_with_its_worker_and_why_it_ended(desk):
    identity = await desk.enqueue(1)
    await desk.claim(worker="gpu-1", token="a")
    await desk.queue.settle(identity, "a", Retry(Reason.COMFYUI_UNAVAILABLE, f"the server restarted with {PROMPT}"))
    said = await desk.ask("jobs", "show", identity)
    assert (line_of(said, "worker"), line_of(said, "reason")) == ("gpu-1", "comfyui_unavailable")
    assert line_of(said, "detail") == "the server restarted with [prompt]"
    await desk.ask("jobs", "requeue", identity)
    await desk.claim(worker="gpu-2", token="b")
    await desk.queue.settle(identity, "b", Release("ModelMissing: lacks vae/qwen.safetensors"))
    said = await desk.ask("jobs", "show", identity)
    assert line_of(said, "worker") == "gpu-2"
    assert "reason" not in said.out
    assert line_of(said, "detail") == "ModelMissing: lacks vae/qwen.safetensors"


async def test_jobs_that_ended_are_listed_the_newest_first(desk):
    dead = await desk.dead(1)
    cancelled = await desk.enqueue(2, user=8)
    await desk.queue.cancel(cancelled)
    done = await desk.enqueue(3)
    await desk.claim(token="d")
    await desk.queue.settle(done, "d", Done(Result(picture="p", seed=1, seconds=1.0)))
    waiting = await desk.enqueue(4)

    async def ids(*words):
        return ids_in(await desk.ask("jobs", "list", *words))

    assert await ids() == [waiting]
    assert await ids("--all") == [waiting, done, cancelled, dead]
    assert await ids("--user", "8") == [cancelled]
    await desk.ask("jobs", "requeue", dead)
    assert await ids() == [waiting, dead]


async def test_answer_that_is_stuck_says_until_when_and_for_what(desk):
    reply = ReplyTo(chat_id=7, placeholder_id=1, source_message_id=2, language="en")
    job = Job(id="feedfacefeedface", user_id=7, edit=Edit(prompt=PROMPT, pictures=("p",), seed=4), reply=reply)
    await desk.queue.enqueue(job, QueueLimits())
    await desk.claim()
    await desk.queue.settle(job.id, "t", Fail(Reason.TIMEOUT))
    lanes = Lanes(desk.redis, desk.keys.answers, name="bot-0")
    assert "not yet, and no answer is on its way" in (await desk.ask("jobs", "show", job.id)).out
    await lanes.drain(desk.keys.events, [desk.keys.job_prefix])
    [entry], _wait = await lanes.next(1)
    assert "not yet; the bot is giving it now" in (await desk.ask("jobs", "show", job.id)).out
    await lanes.park(entry, 300.0, failed=True, why="TelegramUnavailableError: 401")
    said = await desk.ask("jobs", "show", job.id)
    assert "not yet; refused 1 times, next try in 5 min: TelegramUnavailableError: 401" in said.out, said.out
    assert 0 < await desk.redis.pttl(lanes.why_key(entry.id)) <= 360_000
    await desk.queue.answered(job.id, how="unreachable")
    assert "unreachable" in (await desk.ask("jobs", "show", job.id)).out


async def test_selftest_that_fails_says_why_and_leaves_no_dead_job(desk):
    asking = asyncio.create_task(desk.ask("selftest", "--timeout", "20"))
    while (claim := await desk.queue.claim(worker="gpu-1", token="t", lease=30, wait=1.0)) is None:
        pass
    await desk.queue.settle(claim.job.id, "t", Fail(Reason.SERVER_OUT_OF_MEMORY, "node 4: out of memory"))
    said = await asking
    assert said.code == 1
    assert "server_out_of_memory after 1 attempts: node 4: out of memory" in said.err
    assert "No job is dead." in (await desk.ask("dead", "list")).out


async def test_selftest_says_how_it_went(desk):
    asking = asyncio.create_task(desk.ask("selftest", "--timeout", "20"))
    while (claim := await desk.queue.claim(worker="gpu-1", token="t", lease=30, wait=1.0)) is None:
        pass
    result = Result(picture=result_ref(claim.job.id, 1), seed=1, seconds=1.0)
    await desk.queue.settle(claim.job.id, "t", Done(result, gradient(8)))
    said = await asking
    assert (said.code, "attempt 1" in said.out) == (0, True), said.err
    assert f"job {claim.job.id}: done" in said.err
    assert not await desk.redis.keys("*picture*")


async def test_selftest_in_a_new_pod_waits_until_the_network_lets_it_out(desk, redis_url, monkeypatch):
    port = urlsplit(redis_url).port
    async with Proxy("redis", target=port, toxic=Toxic.DOWN).running() as network:
        monkeypatch.setenv("REDIS_URL", redis_url.replace(f":{port}", f":{network.port}"))
        asking = asyncio.create_task(desk.ask("selftest", "--timeout", "20"))
        await asyncio.sleep(1)
        network.toxic = None
        while (claim := await desk.queue.claim(worker="gpu-1", token="t", lease=30, wait=1.0)) is None:
            assert not asking.done(), (await asking).err
        await desk.queue.settle(claim.job.id, "t", Fail(Reason.SERVER_OUT_OF_MEMORY))
        assert (await asking).code == 1
