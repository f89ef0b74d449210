"""The trace of a job, as dashboards, the service graph and an engineer's searches rely on it."""

from __future__ import annotations

import time

import pytest

from local_stack import SIMULATED_TOKEN
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_jobs import Keys, short_id
from qwenedit_telemetry import attributes
from tests.integration.traces.contract import ANSWERED, BEFORE, EXECUTED, check_retried

PROCESS = "process qwenedit:job_queue"
SECONDS = ("qwenedit.queue_wait", "qwenedit.gpu_seconds", "qwenedit.load_seconds")


def test_job_is_one_trace_from_the_update_to_the_answer(first_job):
    trace = first_job.trace
    print(trace.drawn())  # noqa: T201 - what an engineer would see

    assert trace.edges() == BEFORE | EXECUTED | ANSWERED
    job = trace.one("send qwenedit:job_queue").attributes["messaging.message.id"]
    # What the user sees is what an engineer looks for.
    named = first_job.answer.now.buttons[0].data.partition(":")[2][:8]
    assert named == short_id(job)

    sent = trace.one("send qwenedit:job_queue")
    assert sent.kind == "PRODUCER"
    assert sent.attributes == {
        "messaging.system": "redis",
        "messaging.destination.name": "qwenedit:job_queue",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": job,
        "qwenedit.job.id": job,
        "qwenedit.job.short_id": named,
    }
    process = trace.one("process qwenedit:job_queue")
    assert process.kind == "CONSUMER"
    assert process.links == (sent.span_id,)
    seconds = {key: process.attributes[key] for key in SECONDS}
    assert seconds["qwenedit.queue_wait"] >= 0
    assert 0 < seconds["qwenedit.gpu_seconds"] < process.end - process.start
    assert seconds["qwenedit.load_seconds"] > 0, "the first job finds no model loaded"
    assert process.attributes == {
        **seconds,
        **sent.attributes,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "qwenedit.attempt": 1,
        "qwenedit.max_attempts": 3,
        "qwenedit.worker": "worker-0",
        "qwenedit.workflow": "qwen-image-edit-2511-fast",
        "qwenedit.outcome": "done",
    }
    wait = trace.one("comfyui wait")
    steps = [event.attributes["qwenedit.comfyui.step"] for event in wait.events]
    assert steps == list(range(1, wait.events[0].attributes["qwenedit.comfyui.steps"] + 1))
    assert {event.name for event in wait.events} == {"step"}
    assert trace.one("deliver answer").attributes == {
        "qwenedit.job.id": job,
        "qwenedit.job.short_id": named,
        "qwenedit.outcome": "picture",
    }
    assert trace.one("receive update").attributes == {
        "qwenedit.update.kind": "message",
        "qwenedit.outcome": "handled",
    }
    assert not [span.name for span in trace.spans if span.failed]
    listed = {value for name, value in vars(attributes).items() if name.isupper()}
    assert {name for span in trace.spans for name in span.attributes} <= listed


def test_services_say_which_they_are_and_where_they_run(first_job):
    resources = {span.resource["service.name"]: span.resource for span in first_job.trace.spans}
    assert resources.keys() == {"qwenedit-bot", "qwenedit-worker"}
    for service, resource in resources.items():
        assert resource["service.version"] != "unknown"
        assert resource["service.namespace"] == "qwenedit"
        assert resource["k8s.pod.name"] == f"{service.removeprefix('qwenedit-')}-0"
        assert resource["k8s.node.name"] == "node-7"
        assert resource["k8s.namespace.name"] == "pictures"


def test_waiting_probes_and_metrics_make_no_spans(first_job):
    spans = first_job.installation.collector.spans
    assert {span.trace_id for span in spans} == {first_job.trace.spans[0].trace_id}


@pytest.mark.asyncio(loop_scope="module")
async def test_log_lines_and_exemplars_lead_to_the_trace(first_job):
    installation, trace, _answer = first_job
    named = f'"trace_id": "{trace.spans[0].trace_id}"'
    bot, worker = installation.the_bot, installation.the_worker
    for service, event in (
        (bot, "job.accepted"),
        (worker, "job.claimed"),
        (worker, "job.settled"),
        (bot, "answer.delivered"),
    ):
        (line,) = [line for line in service.lines if f'"{event}"' in line]
        assert named in line
    for service, metric in (
        (installation.the_bot, "qwenedit_job_answer_seconds"),
        (installation.the_worker, "qwenedit_queue_wait_seconds"),
        (installation.the_worker, "qwenedit_execution_seconds"),
    ):
        lines = [line for line in (await installation.metrics(service)).splitlines() if line.startswith(metric)]
        assert any(f'trace_id="{trace.spans[0].trace_id}"' in line for line in lines), lines


def breakdown(trace):
    """Say where a job's seconds went, from the update to the answer on the screen."""
    received, sent, process, answer = (
        trace.one(name)
        for name in ("receive update", "send qwenedit:job_queue", "process qwenedit:job_queue", "deliver answer")
    )
    seconds = {span.name: span.end - span.start for span in trace.spans if span.parent_id == process.span_id}
    parts = {
        "accepting": sent.end - received.start,
        "queue wait": process.start - sent.end,
        "upload": seconds["comfyui upload"],
        "ComfyUI": seconds["comfyui submit"] + seconds["comfyui wait"],
        "fetch": seconds["comfyui fetch"],
        "settling": answer.start - trace.one("settle").start,
        "delivery": answer.end - answer.start,
    }
    return parts, answer.end - received.start


@pytest.mark.timeout(600)  # a busy machine needs several tries
@pytest.mark.asyncio(loop_scope="module")
async def test_parts_of_a_job_add_up_to_what_it_took(first_job, photo):
    installation = first_job.installation
    ann = await installation.chats.user()
    untold: list[float] = []
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        (message,) = await ann.send(photo=photo, caption="make it snow")
        await ann.picture(number=len(untold) + 1)
        parts, whole = breakdown(await installation.trace(ann, message))
        untold.append(abs(whole - sum(parts.values())) / whole)
        told = ", ".join(f"{name} {1000 * part:.0f}" for name, part in parts.items())
        print(f"{1000 * whole:.0f} ms: {told}; not told: {untold[-1]:.2%}")  # noqa: T201 - the figures
        if untold[-1] < 0.02:
            return
    # What is not told is an event loop's turns between two spans: on a busy machine another process' turns as well.
    raise AssertionError(f"of each job more is not told than 2 %: {untold}")


@pytest.mark.asyncio(loop_scope="module")
async def test_second_attempt_stands_beside_the_first(first_job, photo):
    installation = first_job.installation
    await installation.control.fault("vanish", times=1)
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    await ann.picture()
    trace = await installation.trace(ann, message)
    print(trace.drawn())  # noqa: T201 - what an engineer would see

    check_retried(trace)


async def test_attempt_whose_worker_was_killed_is_told_of_by_the_bot(installation, photo):
    await installation.control.fault("hang", at_step=1)
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    await ann.says("Editing: step")
    await installation.collector.until(lambda spans: any(span.name == "comfyui submit" for span in spans))
    await installation.the_worker.kill()
    await installation.control.clear()
    await installation.client.zadd(
        Keys().leases, {JobIds(SIMULATED_TOKEN)(ann.chat_id, message): 1}, xx=True
    )  # its lease has run out
    await installation.the_worker.start()
    await ann.picture()
    trace = await installation.trace(ann, message, lost_parents=1)
    print(trace.drawn())  # noqa: T201 - what an engineer would see

    sent, lost, second = trace.one("send qwenedit:job_queue"), trace.one("attempt lost"), trace.one(PROCESS)
    assert lost.parent_id == second.parent_id == sent.span_id
    assert (lost.label, lost.failed, second.failed) == ("bot: attempt lost", True, False)
    job = sent.attributes["qwenedit.job.id"]
    assert lost.attributes == {
        "qwenedit.job.id": job,
        "qwenedit.job.short_id": job[:8],
        "qwenedit.attempt": 1,
        "qwenedit.max_attempts": 3,
        "qwenedit.worker": "worker-0",
        "qwenedit.outcome": "delayed",
        "qwenedit.reason": "worker_lost",
        "error.type": "worker_lost",
    }
    assert second.attributes["qwenedit.attempt"] == 2
    (line,) = [line for line in installation.the_bot.lines if '"job.lease_expired"' in line]
    assert f'"span_id": "{lost.span_id}"' in line
