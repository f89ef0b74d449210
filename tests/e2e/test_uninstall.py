"""New passwords, and `helm uninstall`."""

from __future__ import annotations

import time

import pytest
import pytest_asyncio

from qwenedit_testkit.runbooks import FOLDER, commands
from tests.e2e.cluster.installation import CHART, password, values
from tests.e2e.cluster.installing import alone
from tests.e2e.cluster.kube import CommandError, eventually, run


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation():
    """The product, of which nothing is left at the end."""
    async with alone("uninstall") as installation:
        yield installation


async def type_section(installation, name, **words):
    """Type a section of the runbooks' index, in this namespace; returns what each command printed."""
    typed = [each for each in commands(FOLDER / "README.md") if each.section == name]
    said: list[str] = []
    for command in typed:
        if "REVISION" in command.text:
            words["REVISION"] = said[-1].split()[0]
        here = command.filled({"CHART": str(CHART), **words}).replace("-n photos", f"-n {installation.kube.namespace}")
        said.append(await run("bash", "-c", here))
        print(here, said[-1], sep="\n")
    return said


async def test_old_passwords_stay_out_after_an_upgrade_that_fails_and_a_rollback(installation, photo):
    await installation.hold(1)
    kube, secret = installation.kube, f"{installation.name}-redis"
    old = await password(kube, secret, "bot")
    await type_section(installation, "New passwords for Redis")
    for kind, part in (("statefulset", "redis"), ("deployment", "bot"), ("deployment", "worker")):
        await kube("rollout", "status", f"{kind}/{installation.name}-{part}", "--timeout=120s")
    new = await password(kube, secret, "bot")
    with pytest.raises(CommandError):
        await installation.helm(
            "upgrade",
            str(CHART),
            *values("bot.image.tag=nowhere"),
            "--wait",
            "--timeout=10s",
            "--no-hooks",  # or the image is missed before anything changes
            "--rollback-on-failure=false",
        )
    await type_section(installation, "Back to what worked")
    assert await password(kube, secret, "bot") == new != old
    login = f"REDISCLI_AUTH={old} valkey-cli --user bot ping"
    assert "WRONGPASS" in await kube("exec", f"{secret}-0", "--", "sh", "-c", f"{login} 2>&1")
    user = await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    await user.picture(timeout=60)


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
