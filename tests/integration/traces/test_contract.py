"""The trace of a job, as dashboards, the service graph and an engineer's searches rely on it."""

from __future__ import annotations

import pytest

from local_stack import SIMULATED_TOKEN
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_jobs import Keys, short_id
from qwenedit_telemetry import attributes
from tests.integration.traces.contract import ANSWERED, BEFORE, EXECUTED, check_retried, message

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
    assert sent.attributes == message(job, "send")
    process = trace.one("process qwenedit:job_queue")
    assert process.kind == "CONSUMER"
    assert process.links == (sent.span_id,)
    seconds = {key: process.attributes[key] for key in SECONDS}
    assert seconds["qwenedit.queue_wait"] >= 0
    assert 0 < seconds["qwenedit.gpu_seconds"] < process.end - process.start
    assert seconds["qwenedit.load_seconds"] > 0, "the first job finds no model loaded"
    assert process.attributes == {
        **seconds,
        **message(job, "process"),
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
    assert trace.one("receive update").attributes == {"qwenedit.update.kind": "message", "qwenedit.outcome": "handled"}
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


@pytest.mark.asyncio(loop_scope="module")
async def test_second_attempt_stands_beside_the_first(first_job, photo):
    installation = first_job.installation
    await installation.control.fault("vanish", times=1)
    ann = await installation.chats.user()
    (asked,) = await ann.send(photo=photo, caption="make it snow")
    await ann.picture()
    trace = await installation.trace(ann, asked)
    print(trace.drawn())  # noqa: T201 - what an engineer would see

    check_retried(trace)


async def test_attempt_whose_worker_was_killed_is_told_of_by_the_bot(installation, photo):
    await installation.control.fault("hang", at_step=1)
    ann = await installation.chats.user()
    (asked,) = await ann.send(photo=photo, caption="make it snow")
    await ann.says("Editing: step")
    await installation.collector.until(lambda spans: any(span.name == "comfyui submit" for span in spans))
    await installation.the_worker.kill()
    await installation.control.clear()
    lost_job = JobIds(SIMULATED_TOKEN)(ann.chat_id, asked)
    await installation.client.zadd(Keys().leases, {lost_job: 1}, xx=True)  # its lease has run out
    await installation.the_worker.start()
    await ann.picture()
    trace = await installation.trace(ann, asked, lost_parents=1)
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
