"""What dashboards, the service graph and an engineer's searches rely on in a trace, whoever keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_telemetry import attributes

if TYPE_CHECKING:
    from qwenedit_testkit.traces.model import Trace

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
    (PROCESSED, "worker: comfyui upload"),
    (PROCESSED, "worker: comfyui submit"),
    (PROCESSED, "worker: comfyui wait"),
    (PROCESSED, "worker: comfyui fetch"),
    (PROCESSED, "worker: comfyui clean up"),
    (PROCESSED, "worker: settle"),
}
ANSWERED = {(SENT, DELIVERED), (DELIVERED, "bot: read picture"), (DELIVERED, "bot: telegram editMessageMedia")}


def message(job: str, operation: str) -> dict[str, str]:
    """Return the attributes of a span that sends or processes a job."""
    return {
        "messaging.system": "redis",
        "messaging.destination.name": "qwenedit:job_queue",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.message.id": job,
        "qwenedit.job.id": job,
        "qwenedit.job.short_id": job[:8],
    }


def check_retried(trace: Trace) -> None:
    """Hold the trace of a job to the contract, whose first attempt lost its prompt and whose second succeeded.

    Raises:
        AssertionError: it differs.
    """
    assert trace.edges() == BEFORE | EXECUTED | ANSWERED
    sent = trace.one("send qwenedit:job_queue")
    first, second = trace.all("process qwenedit:job_queue")
    assert first.parent_id == second.parent_id == sent.span_id
    assert first.links == second.links == (sent.span_id,)
    assert [span.kind for span in (sent, first, second)] == ["PRODUCER", "CONSUMER", "CONSUMER"]
    assert (sent.failed, first.failed, second.failed) == (False, True, False)
    job = sent.attributes["qwenedit.job.id"]
    for span, operation in ((sent, "send"), (first, "process"), (second, "process")):
        assert span.attributes.items() >= message(job, operation).items()
    assert second.attributes["qwenedit.queue_wait"] > first.attributes["qwenedit.queue_wait"] >= 0
    told = [first.attributes[f"qwenedit.{name}"] for name in ("attempt", "outcome", "reason")]
    assert told == [1, "delayed", "comfyui_unavailable"]
    assert [second.attributes[f"qwenedit.{name}"] for name in ("attempt", "outcome")] == [2, "done"]
    assert trace.one("comfyui fetch").parent_id == second.span_id
    assert trace.one("deliver answer").parent_id == sent.span_id
    wait = trace.all("comfyui wait")[-1]
    assert [event.attributes["qwenedit.comfyui.step"] for event in wait.events] == list(range(1, len(wait.events) + 1))
    assert wait.events
    listed = {value for name, value in vars(attributes).items() if name.isupper()}
    assert {name for span in trace.spans for name in span.attributes} <= listed
