"""Redis is full, or the store of objects is away: found by the runbooks, and ended by their remedies."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.cluster.installation import HERE
from tests.e2e.cluster.kube import attempt
from tests.e2e.runbooks.conftest import CLOSED_PORT, SETS, as_admin, lead_to, until_up
from tests.e2e.runbooks.on_call import row as row_of

CAPTION = "make it snow"
FOREIGN = "reports:nightly"
MOST = 200_000_000
"""Bytes, of 256 MiB: what jemalloc has room for without rounding up beyond them."""
MEBIBYTE = 1024 * 1024
LITTLE = MEBIBYTE
"""That is left: too little for a picture, and enough for words."""
LARGER = 340
"""MB of memory: the volume of 1 GiB is three times as large."""
SMALL_KEYS = "for i = 1, tonumber(ARGV[1]) do redis.call('setrange', 'reports:' .. i, ARGV[2], 'x') end"
STORE = HERE.parent / "object-store" / "object-store.yaml"
KILL_STORE = "kill -9 $(pidof versitygw)"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
BUCKET = (
    "pictures.url=s3://photos/e2e",
    "pictures.options.AWS_ENDPOINT_URL=http://object-store.photos:9000",
    "pictures.options.AWS_ALLOW_HTTP=true",
    "pictures.options.AWS_REGION=us-east-1",
    "pictures.credentials.existingSecret=bucket",
)


async def test_redis_that_others_fill(installation, on_call, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    await fill(installation)
    await user.send(photo=photo, caption=CAPTION)
    await user.says("I have no room for another picture right now", timeout=60)
    row = await on_call.find("QweneditRedisNearlyFull", "another program writes to this Redis", FOREIGN)
    on_call.words |= {"SIZE": f"{LARGER}mb", "TWICE": f"{2 * LARGER}Mi"}
    await on_call.part("QweneditRedisNearlyFull", "Stop-gap")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60)
    await as_admin(installation, "config set maxmemory 256mb")
    on_call.words |= {"KEY": FOREIGN, "PATTERN": "reports:*", "WORD": "another"}
    await on_call.remedy(row)
    await installation.one("redis")
    await installation.redis_answers()
    on_call.words["PATTERN"] = "*"  # somebody forgets to put in their own: ours stay
    await on_call.type_of("QweneditRedisNearlyFull", "xargs")
    found = (await as_admin(installation, "--scan")).splitlines()
    assert found
    assert all(key.startswith("qwenedit:") for key in found)
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60, number=2)
    await on_call.remedy(row_of("QweneditRedisNearlyFull", "a long line: about 3 MB a job"))
    await installation.kube("rollout", "status", "statefulset/edit-qwenedit-redis", "--timeout=120s")
    await installation.redis_answers()
    assert f"{LARGER * MEBIBYTE}" in await as_admin(installation, "config get maxmemory")


async def fill(installation):
    """Have keys of another program fill Redis; one of them is by far the largest."""
    await as_admin(installation, f"setrange {FOREIGN} {MOST} x")
    memory = await as_admin(installation, "info memory")
    told = dict(line.split(":", 1) for line in memory.splitlines() if ":" in line)
    rest = (int(told["maxmemory"]) - int(told["used_memory"]) - LITTLE) // MEBIBYTE
    await as_admin(installation, f'eval "{SMALL_KEYS}" 0 {rest} {MEBIBYTE - 64}')


async def kill_store(installation):
    """Let nobody reach the store of objects: not by a new connection, nor by one that is open.

    Its service keeps the pod that is not ready: some networks answer in the place of a service that has none.
    """
    kept = '--patch={"spec":{"publishNotReadyAddresses":true}}'
    await installation.kube("patch", "service", "object-store", kept)
    await lead_to(installation, "object-store", CLOSED_PORT)
    await attempt("kubectl", "--namespace=photos", "exec", "deployment/object-store", "--", "sh", "-c", KILL_STORE)


async def test_store_of_objects_that_is_down(installation, on_call, photo):
    if shutil.which("go") is None:
        pytest.skip("the store of objects is built with Go, and there is no go on PATH")
    kube = installation.kube
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bucket"}, "stringData": ACCOUNT}
    await kube("apply", f"--filename={STORE}")
    await kube.apply(secret)
    await kube("rollout", "status", "deployment/object-store", "--timeout=60s")
    await installation.hold(1)
    await installation.upgrade(*SETS, *BUCKET)
    user = await installation.telegram.user()
    await kill_store(installation)
    await user.send(photo=photo, caption=CAPTION)
    await on_call.find(
        "QweneditPictureStoreFails", "the service leads elsewhere", "picture.storage_away", "object-store-", within=90
    )
    await lead_to(installation, "object-store", "s3")
    await user.picture(timeout=120)

    await kube.apply({**secret, "stringData": {**ACCOUNT, "AWS_SECRET_ACCESS_KEY": "old"}})
    await kube("rollout", "restart", "deployment/edit-qwenedit-bot")
    row = await on_call.find("QweneditPictureStoreFails", "bot.pictures_refused", "bot.pictures_refused", within=60)
    on_call.words |= {"KEY": ACCOUNT["AWS_ACCESS_KEY_ID"], "WORD": ACCOUNT["AWS_SECRET_ACCESS_KEY"]}
    await on_call.remedy(row)
    await until_up(installation)
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=120, number=2)
    await on_call.part("QweneditPictureStoreFails", "Stop-gap")
    await until_up(installation)
    await kube("rollout", "status", "deployment/edit-qwenedit-worker", "--timeout=180s")
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=120, number=3)
