"""One job in a trace that a real backend has."""

from __future__ import annotations

from tests.integration.traces.contract import check_retried

SPANS = 23
"""Of a job with a first attempt whose prompt vanished and a second one that succeeded."""


async def test_retried_job_is_found_in_jaeger_by_what_its_user_sees(installation, jaeger, worker, photo):
    async with installation.comfyui(worker) as control:
        await control.fault("vanish", at_step=2, times=1)
    user = await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    answer = await user.picture(timeout=60)
    named = (answer.now.buttons[0].data or "").partition(":")[2][:8]
    trace = await jaeger.trace_of(named, spans=SPANS)
    print(f"job {named}, trace {trace.spans[0].trace_id}")
    print(trace.drawn())

    check_retried(trace)
    [bot] = await installation.kube.pods("bot")
    resources = {span.resource["service.name"]: span.resource for span in trace.spans}
    assert resources.keys() == {"qwenedit-bot", "qwenedit-worker"}
    for part, pod in (("bot", bot), ("worker", worker)):
        resource = resources[f"qwenedit-{part}"]
        print({name: value for name, value in sorted(resource.items()) if name.startswith(("k8s.", "service."))})
        assert resource["service.namespace"] == "qwenedit"
        assert resource["service.version"] != "unknown"
        assert resource["service.instance.id"] == resource["k8s.pod.name"] == pod.name
        assert resource["k8s.node.name"] == pod.item["spec"]["nodeName"]
        assert resource["k8s.namespace.name"] == installation.kube.namespace
        assert resource["k8s.deployment.name"] == f"{installation.name}-{part}"
        assert resource["k8s.container.name"] == part
    # The trace leads to the lines, and they to the trace.
    lines = [line for line in installation.watch.events(worker.name) if line.get("trace_id") == trace.spans[0].trace_id]
    assert {"job.claimed", "job.settled"} <= {line["event"] for line in lines}
