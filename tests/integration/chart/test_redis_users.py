"""The users that the chart gives its Redis, on a real one started by the chart's own script."""

from __future__ import annotations

import asyncio
import re
import tracemalloc

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from qwenedit_bot.app.main import queue_answers
from qwenedit_jobs import (
    Done,
    Edit,
    Events,
    Fail,
    Job,
    Keys,
    Phase,
    QueueLimits,
    Reason,
    RedisSettings,
    Release,
    Result,
    Retry,
    State,
    event_of,
)
from qwenedit_jobs.cli.installation import Installation
from qwenedit_jobs.cli.status import status
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.queue.operator_queue import OperatorQueue, Requeued
from qwenedit_jobs.redis.state_layout import claim_state
from qwenedit_testkit.job_queue import JobQueue

KEYS = Keys()
# KEDA's redis trigger: it finds out what a key is and counts it (pkg/scalers/redis_scaler.go).
KEDA_SCRIPT = """
local kind = redis.call('type', KEYS[1]).ok
if kind == 'zset' then return redis.call('zcard', KEYS[1]) else return redis.call('llen', KEYS[1]) end
"""


def job(number):
    return Job(id=f"{number:016x}", user_id=1, edit=Edit(prompt="p", pictures=("a:in:0",), seed=1), reply=None)


async def claimed(bot, worker, number):
    await JobQueue(bot, KEYS).enqueue(job(number), QueueLimits(max_unfinished_per_user=99))
    claim = await JobQueue(worker, KEYS).claim(worker="w", token=f"t{number}", lease=30)
    assert claim is not None
    return claim


async def test_worker_may_do_all_that_its_side_of_the_queue_does(bot, worker):
    queue = JobQueue(worker, KEYS)
    assert await queue.claim(worker="w", token="early", lease=30, wait=0.1) is None
    for number, settle in enumerate(
        (
            lambda one: queue.settle(one.job.id, one.token, Done(Result(picture="a:out", seed=1, seconds=1.0))),
            lambda one: queue.settle(one.job.id, one.token, Fail(Reason.WORKFLOW_REJECTED)),
            lambda one: queue.settle(one.job.id, one.token, Retry(Reason.TIMEOUT)),
            lambda one: queue.settle(one.job.id, one.token, Release()),
            lambda one: queue.settle(one.job.id, one.token, Release(pause=5.0)),
            lambda one: queue.settle(
                one.job.id, one.token, Done(Result(picture="b:out", seed=1, seconds=1.0), picture=bytes(300_000))
            ),
        )
    ):
        claim = await claimed(bot, worker, number)
        await queue.heartbeat(claim.job.id, claim.token, lease=30)
        await queue.heartbeat(claim.job.id, claim.token, phase=Phase.EDITING, step=1, steps=4)
        await queue.heartbeat(claim.job.id, claim.token, draining=True)
        await settle(claim)
    assert (await queue.counts()).waiting == 1


async def test_operator_may_ask_and_move_all_from_the_bots_container(bot, worker):
    claim = await claimed(bot, worker, 1)
    await JobQueue(worker, KEYS).settle(claim.job.id, claim.token, Fail(Reason.OUT_OF_MEMORY))
    queue = OperatorQueue(bot, KEYS)
    assert (await queue.pause())[0]
    assert await queue.requeue(claim.job.id) == (Requeued.QUEUED, State.FAILED)
    assert await queue.drop(claim.job.id) is False
    assert await queue.resume()
    [record] = await queue.records(await queue.ids_like(claim.job.id[:8]))
    assert record.status is not None
    assert record.status.state is State.QUEUED
    seen = (await status(Installation(bot, bot, RedisSettings()))).text
    assert "1 waiting" in seen
    assert "unknown here" not in seen


async def test_operator_may_look_from_a_workers_container_too(bot, worker):
    await bot.set(KEYS.leader, "bot-0")
    await claim_state(bot, KEYS, bot_id=42)
    seen = (await status(Installation(worker, worker, RedisSettings()))).text
    assert "0 waiting" in seen
    assert re.match(r"trouble +none seen from here. The bot's pod sees more\nleader +bot-0\n", seen)
    assert re.search(r"answers +unknown here: ask the bot's pod", seen)
    assert "version unknown here" not in seen


async def script(client, text, *keys):
    """Run a script as the services do: by its digest."""
    return await client.evalsha(await client.script_load(text), len(keys), *keys)


async def test_worker_cannot_reach_what_is_the_bots_through_a_script(bot, worker):
    await bot.set("qwenedit:draft:1:1:1", "a photo")
    with pytest.raises(RedisError, match=r"(?i)permission|can't access|no permissions"):
        await script(worker, "return redis.call('GET', KEYS[1])", "qwenedit:draft:1:1:1")
    with pytest.raises(RedisError, match=r"(?i)permission|can't access|no permissions"):
        await script(worker, "return redis.call('GET', 'qwenedit:' .. 'dialogue:1:1')")
    with pytest.raises(RedisError, match=r"(?i)permission|can't run this command|no permissions"):
        await script(worker, "return redis.call('KEYS', '*')")


async def test_worker_can_neither_read_nor_write_what_is_the_bots(worker):
    keys = """
        qwenedit:draft:1:1:1 qwenedit:updates qwenedit:reply:1:1:1 qwenedit:language:1 qwenedit:account:1
        qwenedit:banned qwenedit:inbox:ready qwenedit:answers:ready another
    """.split()
    for key in keys:
        commands = [("GET", key), ("SET", key, "x"), ("DEL", key), ("HSET", key, "a", "b"), ("TYPE", key)]
        assert await allowed(worker, commands) == []
    commands = [("GET", KEYS.leader), ("SET", KEYS.leader, "x"), ("DEL", KEYS.leader), ("EXPIRE", KEYS.leader, "1")]
    assert await allowed(worker, commands) == [f"GET {KEYS.leader}"]  # so that its status tells when no bot leads


LISTS = [("KEYS", "*"), ("SCAN", "0"), ("RANDOMKEY",), ("DBSIZE",)]
CODE = [
    ("FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('x', function() end)"),
    ("FUNCTION", "LIST"),
    ("FCALL", "x", "0"),
    ("SCRIPT", "FLUSH"),
    ("SCRIPT", "KILL"),
    ("EVAL", "return 1", "0"),
]
ADMINISTRATION = [
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("SHUTDOWN",),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "worker", "+@all"),
    ("MONITOR",),
    ("SAVE",),
    ("REPLICAOF", "127.0.0.1", "1"),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "ID", "1"),
    ("CLIENT", "PAUSE", "1"),
    ("MODULE", "LIST"),
    ("MIGRATE", "h", "1", "k", "0", "1"),
    ("SLOWLOG", "GET"),
    ("SWAPDB", "0", "1"),
    ("SORT", "qwenedit:held", "BY", "x", "GET", "qwenedit:draft:*"),
]
STREAMS = [
    ("XGROUP", "DESTROY", KEYS.events, "bot"),
    ("XTRIM", KEYS.events, "MAXLEN", "0"),
    ("XDEL", KEYS.events, "1-1"),
    ("XREAD", "STREAMS", KEYS.events, "0"),
]


async def allowed(client, commands):
    """Return those of the commands that a user may call."""
    found = []
    for command in commands:
        try:
            await client.execute_command(*command)
        except NoPermissionError:
            continue
        except RedisError:
            pass
        found.append(" ".join(command))
    return found


async def test_worker_has_no_command_that_lists_keys_loads_functions_or_administers(worker):
    others = [("BGREWRITEAOF",), ("PUBLISH", "another", "x"), ("SUBSCRIBE", "another")]
    assert await allowed(worker, [*LISTS, *CODE, *ADMINISTRATION, *STREAMS, *others]) == []


FILLINGS = {
    "string": ("SET", "x"),
    "list": ("LPUSH", "x"),
    "set": ("SADD", "x"),
    "zset": ("ZADD", "1", "x"),
    "hash": ("HSET", "a", "x"),
    "stream": ("XADD", "*", "a", "x"),
}


async def test_worker_can_make_no_key_of_another_kind_than_it_is(worker):
    """Whoever needs such a key would be held up: the bot's loops, and users whose own keys these are."""
    kinds = {
        **KEYS.kinds,
        KEYS.paused: "string",
        KEYS.workers: "zset",
        KEYS.job("1"): "hash",
        KEYS.user(1): "set",
        KEYS.picture("1"): "string",
        f"{KEYS.claim_prefix}1": "string",
        KEYS.worker_about("1"): "string",
    }
    del kinds[KEYS.time]  # which it only reads
    for key, kind in kinds.items():
        commands = {name: (command, key, *rest) for name, (command, *rest) in FILLINGS.items()}
        others = [command for name, command in commands.items() if name != kind]
        assert await allowed(worker, others) == []
        await worker.execute_command(*commands[kind])
    copies = [
        ("RENAME", KEYS.ended, KEYS.leases),
        ("SUNIONSTORE", KEYS.leases, KEYS.user(1)),
        ("HSET", KEYS.layout, "a", 1),
        ("HSET", KEYS.time, "ahead", 1),
    ]
    assert await allowed(worker, copies) == []
    with pytest.raises(RedisError, match=r"(?i)permission|can't access|no permissions"):
        await script(worker, "return redis.call('SET', KEYS[1], 'x')", KEYS.leases)


async def test_workers_ends_of_jobs_may_be_as_large_as_they_like(server, bot, worker):
    """The bot would die of such a value, and again after each start."""
    lanes, moved, stop = Lanes(bot, KEYS.answers), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks, server.client("bot") as waiter:
        tasks.create_task(queue_answers(Events(waiter, KEYS, lanes), moved, stop))
        await worker.ping()
        tracemalloc.start()
        try:
            await script(worker, "return redis.call('XADD', KEYS[1], '*', 'id', string.rep('x', 1e8))", KEYS.events)
            await worker.xadd(KEYS.events, {"id": job(1).id, "state": "done"})
            async with asyncio.timeout(30):
                while not await bot.hlen(lanes.key("entries")):
                    await moved.wait()
                    moved.clear()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            stop.set()
    assert [event_of(entry).job_id for entry in (await lanes.next(9))[0]] == [job(1).id]
    assert peak < 20_000_000


async def test_bot_has_no_command_that_loads_functions_or_administers(bot):
    assert await allowed(bot, [*CODE, *ADMINISTRATION, ("KEYS", "*"), ("SET", "another", "x")]) == []
    assert await bot.bgrewriteaof()


async def test_keda_has_no_command_that_lists_keys_loads_code_or_administers(server):
    scripts = [("EVALSHA", "0" * 40, "0"), ("SCRIPT", "LOAD", "return 1")]
    async with server.client("keda") as keda:
        assert await allowed(keda, [*LISTS, *CODE[:-1], *ADMINISTRATION, *STREAMS, *scripts]) == []


@pytest.mark.parametrize("user", ["worker", "keda"])
async def test_script_without_end_fails_the_liveness_probe_and_costs_no_job(server, user):
    """Nobody else gets an answer, and the script cannot be killed once it has written: Redis has to be restarted."""
    async with server.client("bot") as bot, server.client("worker") as worker:
        await claimed(bot, worker, 1)
    assert (await server.probed("alive"))[0]
    async with server.client(user) as client:
        forever = "while true do end"
        call = client.eval(forever, 0) if user == "keda" else script(client, forever)
        running = asyncio.create_task(call)
        async with asyncio.timeout(60):
            while (await server.probed("alive"))[0]:
                await asyncio.sleep(0.1)
        await server.kill()
        with pytest.raises(RedisError):
            await running
    await server.start()
    assert (await server.probed("alive"))[0]
    async with server.client("bot") as bot:
        assert (await JobQueue(bot, KEYS).counts()).running == 1


async def test_keda_may_count_and_no_more(server, bot, worker):
    await claimed(bot, worker, 1)
    await JobQueue(bot, KEYS).enqueue(job(2), QueueLimits())
    async with server.client("keda") as keda:
        counted = (KEYS.job_queue, KEYS.leases)
        assert [await keda.eval(KEDA_SCRIPT, 1, key) for key in counted] == [1, 1]
        for command in (("DEL", KEYS.job_queue), ("LRANGE", KEYS.job_queue, 0, -1), ("HGETALL", KEYS.job("1"))):
            with pytest.raises(NoPermissionError):
                await keda.execute_command(*command)
        with pytest.raises(RedisError, match=r"can't run this command|permission"):
            await keda.eval("return redis.call('lpush', KEYS[1], 'x')", 1, KEYS.job_queue)


async def test_stranger_without_a_password_may_not_even_ask(server):
    async with Redis(port=server.port) as stranger:
        with pytest.raises(RedisError, match=r"authenticated|Authentication"):
            await stranger.llen(KEYS.job_queue)
    async with Redis(port=server.port, username="probe", password="anything") as probe:
        with pytest.raises(NoPermissionError):
            await probe.llen(KEYS.job_queue)


async def test_killed_and_started_again_it_has_every_job(server):
    async with server.client("bot") as bot, server.client("worker") as worker:
        claim = await claimed(bot, worker, 1)
        await JobQueue(bot, KEYS).enqueue(job(2), QueueLimits())
    await asyncio.sleep(1.5)  # fsync is every second; kill -9 keeps what was written, a power cut what was synced
    await server.kill()
    await server.start()
    async with server.client("bot") as bot:
        queue = JobQueue(bot, KEYS)
        assert await queue.waiting_ids() == [job(2).id]
        status = await queue.status(claim.job.id)
        assert status is not None
        assert status.state is State.RUNNING
