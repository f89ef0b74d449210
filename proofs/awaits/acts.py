"""What a scenario does to a worker, and what it changes around it, so that the worker comes to its rarer awaits."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from redis.asyncio import Redis

from qwenedit_jobs import Keys, State, input_ref
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from qwenedit_jobs.queue.queue_view import SCRIPTS
from qwenedit_jobs.redis.scripts import Scripts
from qwenedit_testkit.proxy import BANDWIDTH, LATENCY, Toxic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local_stack import Service
    from proofs.awaits.kills import Executioner

Act = Callable[["Executioner", "Service", list[str]], Coroutine[Any, Any, None]]
"""Given the executioner, the worker, and the jobs."""
Prepare = Callable[["Executioner", list[str]], AbstractAsyncContextManager[None]]
"""Given the executioner and the jobs: what is different from before the worker's start until after its end."""
LOOK = 0.02
LARGE = 2 << 20
"""Bytes: more than a worker takes with its claim."""
ANSWERED_WITHIN = 2.0
"""Seconds that the simulated ComfyUI may take to answer a request."""
RESTARTED_WITHIN = 60.0
"""Seconds that the simulated ComfyUI may take to answer again."""
SLOW = 50
"""Bytes a second: a result takes longer than the time-out, after which it is sent again."""


async def nothing(_executioner: Executioner, _worker: Service, _jobs: list[str]) -> None:
    """Let it work."""


@asynccontextmanager
async def unchanged(_executioner: Executioner, _jobs: list[str]) -> AsyncIterator[None]:
    """Have nothing different."""
    yield


async def running(executioner: Executioner, jobs: list[str]) -> None:
    """Wait until a worker has one of the jobs."""
    while not any(status.state is State.RUNNING for status in await executioner.harness.queue.statuses(jobs)):
        await asyncio.sleep(LOOK)


async def until_struck(executioner: Executioner, name: str) -> None:
    """Wait until a fault that happens so many times has happened as often."""
    while any(fault["name"] == name for fault in (await executioner.control.state()).faults):
        await asyncio.sleep(LOOK)


async def hanging(executioner: Executioner, jobs: list[str]) -> None:
    """Wait until ComfyUI has one of them, and its worker follows it."""
    await running(executioner, jobs)
    await until_struck(executioner, "hang")
    await asyncio.sleep(0.2)


async def pictures(executioner: Executioner, jobs: list[str]) -> list[str]:
    """List what ComfyUI has of some jobs' pictures."""
    files = (await executioner.control.state()).files
    return [name for name in (*files["input"], *files["output"]) if name.startswith(tuple(f"{job}/" for job in jobs))]


async def cancel(executioner: Executioner, _worker: Service, jobs: list[str]) -> None:
    """Let the user cancel the job that runs."""
    await hanging(executioner, jobs)
    for job in jobs:
        await executioner.harness.queue.cancel(job)


def tell(*numbers: signal.Signals, pause: float = 0.3) -> Act:
    """Send signals to the worker while ComfyUI hangs, let that go on, and wait until the worker has left."""

    async def act(executioner: Executioner, worker: Service, jobs: list[str]) -> None:
        await hanging(executioner, jobs)
        for number in numbers:
            worker.signal(number)
            await asyncio.sleep(pause)
        await executioner.control.clear()
        await worker.wait()

    return act


def cut(wire: str, toxic: Toxic, seconds: float, *, after: float = 0.0) -> Act:
    """Let a connection ail while it works."""

    async def act(executioner: Executioner, _worker: Service, jobs: list[str]) -> None:
        await running(executioner, jobs)
        await asyncio.sleep(after)
        proxy = executioner.harness.to_redis["workers"] if wire == "redis" else executioner.harness.to_comfyui[0]
        await proxy.ail(toxic, seconds)

    return act


async def lose_comfyui(executioner: Executioner, _worker: Service, jobs: list[str]) -> None:
    """Let ComfyUI be away for a while in which it executes a job."""
    await hanging(executioner, jobs)
    await executioner.harness.to_comfyui[0].ail(Toxic.DOWN, 1.5)


async def slow_result(executioner: Executioner, _worker: Service, jobs: list[str]) -> None:
    """Let the result be on a slow way to Redis for so long that the lease must be renewed meanwhile."""
    await hanging(executioner, jobs)
    proxy = executioner.harness.to_redis["workers"]
    proxy.bandwidth = SLOW
    try:
        await proxy.ail(Toxic.BANDWIDTH, 4.5)
    finally:
        proxy.bandwidth = BANDWIDTH


async def leave_unheard(executioner: Executioner, worker: Service, jobs: list[str]) -> None:
    """Let it be told to leave, and Redis not hear for a while that it does."""
    await hanging(executioner, jobs)
    worker.signal(signal.SIGTERM)
    await allowed_after(5)(executioner, worker, jobs)
    await executioner.control.clear()
    await worker.wait()


async def torn_down_in_upload(executioner: Executioner, worker: Service, jobs: list[str]) -> None:
    """Tear it down while it sends a photo to a slow ComfyUI."""
    slow = asyncio.create_task(executioner.harness.to_comfyui[0].ail(Toxic.LATENCY, 5))
    await running(executioner, jobs)
    await asyncio.sleep(LATENCY / 2)
    worker.signal(signal.SIGUSR2)
    await slow
    await worker.wait()


async def without_a_reply(executioner: Executioner, jobs: list[str]) -> asyncio.Task[None]:
    """Return in the moment in which a job is claimed and its worker does not know yet: its replies come late."""
    late = asyncio.create_task(executioner.harness.to_redis["workers"].ail(Toxic.LATENCY, 5))
    await running(executioner, jobs)
    return late


def told_in_claim(number: signal.Signals) -> Act:
    """Send a signal to it while it waits for the reply to its claim."""

    async def act(executioner: Executioner, worker: Service, jobs: list[str]) -> None:
        late = await without_a_reply(executioner, jobs)
        worker.signal(number)
        await late
        await worker.wait()

    return act


async def lose_comfyui_in_line(executioner: Executioner, worker: Service, jobs: list[str]) -> None:
    """Let it learn that ComfyUI is away while a claim of its waits in line, and let a job come then."""
    queue = executioner.harness.queue
    while (await queue.statuses(jobs))[0].state is not State.DONE:
        await asyncio.sleep(LOOK)
    came = False
    while not came:  # a job that comes when that claim has ended waits for a worker that is ready
        before = len(worker.lines)
        away = asyncio.create_task(executioner.harness.to_comfyui[0].ail(Toxic.DOWN, 15))
        while not any("comfyui.not_ready" in line for line in worker.lines[before:]):
            await asyncio.sleep(LOOK)
        job = (await executioner.ask()).job_id
        while not away.done() and not came:
            await asyncio.sleep(LOOK)
            came = any(status.started_at is not None for status in await queue.statuses([job]))
        await away


def denied(needle: str, *, wire: str = "redis") -> Prepare:
    """Have Redis or ComfyUI break each of the workers' connections on which it is asked for what holds these words."""

    @asynccontextmanager
    async def prepared(executioner: Executioner, _jobs: list[str]) -> AsyncIterator[None]:
        proxy = executioner.harness.to_redis["workers"] if wire == "redis" else executioner.harness.to_comfyui[0]
        proxy.denied, proxy.denials = needle.encode(), 0
        try:
            yield
        finally:
            proxy.denied = b""

    return prepared


def script(name: str) -> str:
    """Return what a worker calls a script of the queue by."""
    return str(Scripts(Redis(), SCRIPTS, partial(getattr, Keys())).call(name)[1])


def allowed_after(denials: int) -> Act:
    """Let what is denied be so for a number of tries; redis-py makes four before the worker hears of it."""

    async def act(executioner: Executioner, _worker: Service, _jobs: list[str]) -> None:
        proxy = executioner.harness.to_redis["workers"]
        while proxy.denials < denials:
            await asyncio.sleep(LOOK)
        proxy.denied = b""

    return act


@asynccontextmanager
async def without_pictures(executioner: Executioner, jobs: list[str]) -> AsyncIterator[None]:
    """Have Redis break the connection on which they are asked for."""
    for job in jobs:
        await executioner.harness.client.append(Keys().picture(input_ref(job, 0)), "\0" * LARGE)
    async with denied("\r\nSTRLEN\r\n")(executioner, jobs):
        yield


@asynccontextmanager
async def unreadable(executioner: Executioner, jobs: list[str]) -> AsyncIterator[None]:
    """Have jobs of a version that says more of them than the worker's knows."""
    redis, keys = executioner.harness.client, [Keys().job(job) for job in jobs]
    payloads = [str(await redis.hget(key, "payload")) for key in keys]
    for key, payload in zip(keys, payloads, strict=True):
        await redis.hset(key, "payload", json.dumps(json.loads(payload) | {"novelty": True}))
    try:
        yield
    finally:
        for key, payload in zip(keys, payloads, strict=True):
            await redis.hset(key, "payload", payload)


async def cancel_first(executioner: Executioner, worker: Service, jobs: list[str]) -> None:
    """Let the user cancel the first of two jobs, which ComfyUI does not let go of before it has the second."""
    await cancel(executioner, worker, jobs[:1])
    await running(executioner, jobs[1:])
    await asyncio.sleep(1)
    await executioner.control.clear()


@asynccontextmanager
async def busy(executioner: Executioner, _jobs: list[str]) -> AsyncIterator[None]:
    """Have a stranger's prompt executed first, one that ComfyUI has not executed before."""
    color = secrets.randbelow(1 << 24)
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": color}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "stranger"}},
    }
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        await session.post(f"{executioner.harness.comfyuis[0].url}/prompt", json={"prompt": prompt})
    await until_struck(executioner, "hang")
    yield


async def prompts(executioner: Executioner, *where: str) -> int:
    """Count the prompts that are `running` or `pending` in ComfyUI."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.get(f"{executioner.harness.comfyuis[0].url}/queue") as answer,
    ):
        queue = await answer.json()
    return sum(len(queue[f"queue_{each}"]) for each in where)


async def until_idle(executioner: Executioner) -> None:
    """Wait until ComfyUI has nothing to do any more, also not for a worker that was killed."""
    while await prompts(executioner, "running", "pending"):
        await asyncio.sleep(LOOK)


async def until_judged(executioner: Executioner, _worker: Service, _jobs: list[str]) -> None:
    """Let ComfyUI go on once the job has waited in it for so long that its executor is judged."""
    while not await prompts(executioner, "pending"):
        await asyncio.sleep(LOOK)
    await asyncio.sleep(2)
    await executioner.control.clear()


async def until_given_back(executioner: Executioner, _worker: Service, jobs: list[str]) -> None:
    """Let ComfyUI go on a moment after a job has gone back to the line."""
    await running(executioner, jobs)
    while not await executioner.harness.queue.waiting_ids():
        await asyncio.sleep(LOOK)
    await asyncio.sleep(1)
    await executioner.control.clear()


@asynccontextmanager
async def paused(executioner: Executioner, _jobs: list[str]) -> AsyncIterator[None]:
    """Have the queue paused by an operator: then no job keeps the worker from its warm-up."""
    operator = OperatorQueue(executioner.harness.client, Keys())
    await operator.pause()
    try:
        yield
    finally:
        await operator.resume()


async def resume_when_warm(executioner: Executioner, worker: Service, _jobs: list[str]) -> None:
    """End the pause when the worker is warm."""
    await worker.wait_for_line(r"worker\.warm\b")
    await OperatorQueue(executioner.harness.client, Keys()).resume()


async def answers(executioner: Executioner) -> bool:
    """Whether ComfyUI answers; a request in the moment of its restart may have no answer at all."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN):
            await prompts(executioner)
    except (aiohttp.ClientConnectionError, TimeoutError):
        return False
    return True


@asynccontextmanager
async def without_executor(executioner: Executioner, _jobs: list[str]) -> AsyncIterator[None]:
    """Have ComfyUI accept prompts and execute none, until it is restarted."""
    await executioner.control.fault("kill_executor")
    try:
        yield
    finally:
        await executioner.control.fault("restart", seconds=0)
        async with asyncio.timeout(RESTARTED_WITHIN):
            while not await answers(executioner):
                await asyncio.sleep(LOOK)


async def steal(executioner: Executioner, _worker: Service, jobs: list[str]) -> None:
    """Let the lease go to somebody else, as an operator does who requeues the job."""
    await hanging(executioner, jobs)
    keys = Keys()
    for job in jobs:
        await executioner.harness.client.hset(keys.job(job), "token", "somebody-else")
