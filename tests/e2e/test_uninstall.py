"""`helm uninstall`. The last file by its name: nothing is left for tests that come after it."""

from __future__ import annotations

import time

from tests.e2e.cluster.kube import eventually, run

OF_THE_CLUSTER = "validatingadmissionpolicies,validatingadmissionpolicybindings"
"""What the chart makes outside of its namespace."""


async def cluster_objects(installation):
    selector = f"app.kubernetes.io/instance={installation.release}"
    return (await run("kubectl", "get", OF_THE_CLUSTER, "--selector", selector, "--output=name")).split()


async def test_uninstalling_leaves_claims_only(installation):
    await installation.hold(1)
    assert len(await cluster_objects(installation)) == 2
    started = time.monotonic()
    await installation.helm("uninstall", "--wait", "--timeout=60s")
    print(f"helm uninstall --wait: {time.monotonic() - started:.1f} s")
    left = set()

    async def gone():
        nonlocal left
        left = set(await installation.kube.everything()) - installation.before
        return all(name.startswith("PersistentVolumeClaim/") for name in left)

    try:
        await eventually("nothing but claims", gone, within=60)
    finally:
        print(f"left: {sorted(left)}")
    assert left == {f"PersistentVolumeClaim/data-{installation.name}-redis-0"}
    assert not await cluster_objects(installation)
