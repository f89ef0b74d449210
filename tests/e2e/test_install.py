"""`helm install`, as a platform engineer sees it."""

from __future__ import annotations

import json
import time

from tests.e2e.cluster.installation import pod_of
from tests.e2e.cluster.kube import attempt


async def test_product_is_ready_within_a_minute_and_nothing_restarts(installation):
    print(f"helm install --wait: {installation.seconds_to_ready:.1f} s")
    assert installation.seconds_to_ready <= 60
    for part in ("bot", "redis"):
        [pod] = await installation.kube.pods(part)
        assert pod.ready
        assert not any(pod.restarts.values()), pod.restarts


async def test_helm_test_sends_a_job_through_all_parts(installation):
    started = time.monotonic()
    printed = await installation.helm("test", "--timeout=120s", "--logs")
    [found] = [line for line in printed.splitlines() if line.startswith("a picture of")]
    print(f"helm test, from no worker: {time.monotonic() - started:.1f} s; it says: {found}")


async def test_namespace_takes_restricted_pods_only_and_refused_none_of_ours(installation):
    kube = installation.kube
    lax = pod_of("lax", "ghcr.io/qwenedit/bot:dev", "")
    del lax["spec"]["securityContext"]
    code, _out, said = await attempt(
        "kubectl", f"--namespace={kube.namespace}", "apply", "--filename=-", stdin=json.dumps(lax)
    )
    assert code != 0
    assert 'violates PodSecurity "restricted' in said
    refused = await kube.objects("Event", fields="reason=FailedCreate")
    assert not refused
