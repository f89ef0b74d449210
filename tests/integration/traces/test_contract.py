"""The trace of a job, as dashboards, the service graph and an engineer's searches rely on it."""

from __future__ import annotations

from qwenedit_jobs import Keys, job_id
from qwenedit_telemetry import attributes

RECEIVED = "bot: receive update"
SENT = "bot: send qwenedit:job_queue"
PROCESSED = "worker: process qwenedit:job_queue"
DELIVERED = "bot: deliver answer"
BEFORE = {
    ("", RECEIVED),
    (RECEIVED, "bot: telegram sendMessage"),
    (RECEIVED, "bot: download photo"),
    ("bot: download photo", "bot: telegram getFile"),
    (RECEIVED, "bot: convert photo"),
    (RECEIVED, "bot: store photo"),
    (RECEIVED, SENT),
}
EXECUTED = {
    (SENT, PROCESSED),
    (PROCESSED, "worker: read pictures"),
    (PROCESSED, "worker: comfyui upload"),
    (PROCESSED, "worker: comfyui submit"),
    (PROCESSED, "worker: comfyui wait"),
    (PROCESSED, "worker: comfyui fetch"),
    (PROCESSED, "worker: comfyui clean up"),
    (PROCESSED, "worker: settle"),
}
ANSWERED = {
    (PROCESSED, DELIVERED),
    (DELIVERED, "bot: read picture"),
    (DELIVERED, "bot: convert picture"),
    (DELIVERED, "bot: telegram editMessageMedia"),
}


async def test_a_job_is_one_trace_from_the_update_to_the_answer(installation, photo):
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    await ann.picture()
    trace = await installation.trace(ann, message)
    print(trace.drawn())  # noqa: T201 - what an engineer would see

    assert trace.edges() == BEFORE | EXECUTED | ANSWERED
    job = trace.one("send qwenedit:job_queue").attributes["messaging.message.id"]

    sent = trace.one("send qwenedit:job_queue")
    assert sent.kind == "PRODUCER"
    assert sent.attributes == {
        "messaging.system": "redis",
        "messaging.destination.name": "qwenedit:job_queue",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.message.id": job,
        "qwenedit.job.id": job,
    }
    process = trace.one("process qwenedit:job_queue")
    assert process.kind == "CONSUMER"
    assert process.links == (sent.span_id,)
    assert process.attributes.pop("qwenedit.queue_wait") >= 0
    assert process.attributes == {
        **sent.attributes,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "qwenedit.attempt": 1,
        "qwenedit.max_attempts": 3,
        "qwenedit.worker": "worker",
        "qwenedit.outcome": "done",
    }
    wait = trace.one("comfyui wait")
    steps = [event.attributes["qwenedit.comfyui.step"] for event in wait.events]
    assert steps == list(range(1, wait.events[0].attributes["qwenedit.comfyui.steps"] + 1))
    assert {event.name for event in wait.events} == {"step"}
    assert trace.one("deliver answer").attributes == {"qwenedit.job.id": job, "qwenedit.outcome": "picture"}
    assert trace.one("receive update").attributes == {
        "qwenedit.update.kind": "message", "qwenedit.outcome": "handled",
    }  # fmt: skip
    assert not [span.name for span in trace.spans if span.failed]
    listed = {value for name, value in vars(attributes).items() if name.isupper()}
    assert {name for span in trace.spans for name in span.attributes} <= listed


async def test_the_parts_of_a_job_add_up_to_what_it_took(installation, photo):
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    trace = await installation.trace(ann, message)
    received, sent, process, answer = (
        trace.one(name)
        for name in ("receive update", "send qwenedit:job_queue", "process qwenedit:job_queue", "deliver answer")
    )
    parts = {
        "to the queue": sent.end - received.start,
        "queue": process.start - sent.end,
        **{span.name: span.end - span.start for span in trace.spans if span.parent_id == process.span_id},
        "event": answer.start - trace.one("settle").end,
    }
    whole = answer.end - received.start
    print(f"{whole:.3f} s", {name: round(seconds, 3) for name, seconds in parts.items()})  # noqa: T201 - the figures
    # What is not told: an event loop's turns between two spans.
    assert abs(sum(parts.values()) - whole) < 0.05 * whole


async def test_the_services_say_which_they_are_and_where_they_run(installation, photo):
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    trace = await installation.trace(ann, message)
    resources = {span.resource["service.name"]: span.resource for span in trace.spans}
    assert resources.keys() == {"qwenedit-bot", "qwenedit-worker"}
    for service, resource in resources.items():
        assert resource["service.version"] != "unknown"
        assert resource["service.namespace"] == "qwenedit"
        assert resource["k8s.pod.name"] == f"{service.removeprefix('qwenedit-')}-0"
        assert resource["k8s.node.name"] == "node-7"
        assert resource["k8s.namespace.name"] == "pictures"


async def test_a_second_attempt_stands_beside_the_first_and_is_linked_to_it(installation, photo):
    await installation.control.fault("vanish", times=1)
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    await ann.picture()
    trace = await installation.trace(ann, message)
    print(trace.drawn())  # noqa: T201 - what an engineer would see

    assert trace.edges() == BEFORE | EXECUTED | ANSWERED
    sent = trace.one("send qwenedit:job_queue")
    first, second = trace.all("process qwenedit:job_queue")
    assert first.parent_id == second.parent_id == sent.span_id
    assert first.links == (sent.span_id,)
    assert second.links == (sent.span_id, first.span_id)
    assert (first.failed, second.failed) == (True, False)
    assert [first.attributes[f"qwenedit.{name}"] for name in ("attempt", "outcome", "reason")] == [
        1, "delayed", "comfyui_unavailable",
    ]  # fmt: skip
    assert [second.attributes[f"qwenedit.{name}"] for name in ("attempt", "outcome")] == [2, "done"]
    assert trace.one("comfyui fetch").parent_id == second.span_id
    assert trace.one("deliver answer").parent_id == second.span_id


async def test_an_attempt_whose_worker_was_killed_is_linked_though_its_own_span_was_lost(installation, photo):
    await installation.control.fault("hang", at_step=1)
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    await ann.says("Editing: step")
    await installation.collector.until(lambda spans: any(span.name == "comfyui submit" for span in spans))
    await installation.worker.kill()
    await installation.control.clear()
    await installation.client.zadd(Keys().leases, {job_id(ann.chat_id, message): 1}, xx=True)  # its lease has run out
    await installation.worker.start()
    await ann.picture(timeout=30)
    trace = await installation.trace(ann, message, lost_parents=1)
    process = trace.one("process qwenedit:job_queue")
    assert process.attributes["qwenedit.attempt"] == 2
    of_the_killed, _again = trace.all("comfyui submit")
    assert process.links == (trace.one("send qwenedit:job_queue").span_id, of_the_killed.parent_id)


async def test_waiting_probes_and_metrics_make_no_spans(installation, photo):
    for service in (installation.bot, installation.worker):
        await installation.metrics(service)
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    trace = await installation.trace(ann, message)
    assert {span.trace_id for span in installation.collector.spans} == {trace.spans[0].trace_id}


async def test_log_lines_and_exemplars_lead_to_the_trace(installation, photo):
    ann = await installation.chats.user()
    (message,) = await ann.send(photo=photo, caption="make it snow")
    trace = await installation.trace(ann, message)
    named = f'"trace_id": "{trace.spans[0].trace_id}"'
    for service, event in ((installation.bot, "job.accepted"), (installation.worker, "job.claimed"),
                           (installation.worker, "job.settled"), (installation.bot, "answer.delivered")):  # fmt: skip
        (line,) = [line for line in service.lines if f'"{event}"' in line]
        assert named in line
    for service, metric in ((installation.bot, "qwenedit_job_answer_seconds"),
                            (installation.worker, "qwenedit_queue_wait_seconds"),
                            (installation.worker, "qwenedit_execution_seconds")):  # fmt: skip
        lines = [line for line in (await installation.metrics(service)).splitlines() if line.startswith(metric)]
        assert any(f'trace_id="{trace.spans[0].trace_id}"' in line for line in lines), lines
