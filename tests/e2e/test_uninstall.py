"""`helm uninstall`. The last file by its name: nothing is left for tests that come after it."""

from __future__ import annotations

import time

from tests.e2e.cluster.kube import eventually


async def test_uninstalling_leaves_claims_only(installation):
    await installation.hold(1)
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
