"""Pictures in object storage: installed so, with the store away in mid-job, forgotten, and back in Redis."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest_asyncio

from qwenedit_jobs import Keys
from qwenedit_jobs.pictures.receipts import LONGEST
from tests.e2e.cluster.installation import HERE
from tests.e2e.cluster.kube import eventually, throughout
from tests.e2e.cluster.port_forward import forwarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.cluster.installation import Installation

BUCKET = "photos"
PORT = 9000
STORE = HERE.parent / "object-store" / "object-store.yaml"
AWAY = 12.0
"""Seconds without a store: the edit takes 4."""
SELECTOR = "app.kubernetes.io/name"


class Store:
    """The store of objects on the cluster."""

    def __init__(self, installation: Installation, session: aiohttp.ClientSession) -> None:
        self._installation = installation
        self._session = session

    async def make_bucket(self) -> None:
        """Make the bucket of the installation."""
        async with self._session.put(f"/{BUCKET}") as reply:
            reply.raise_for_status()

    async def objects(self) -> set[str]:
        """Return the names of all objects."""
        async with self._session.get(f"/{BUCKET}", params={"list-type": "2"}) as reply:
            reply.raise_for_status()
            return set(re.findall(r"<Key>([^<]*)</Key>", await reply.text()))

    async def cut(self) -> None:
        """Let nobody reach the store, which keeps what it has."""
        await self._select("nothing")

    async def heal(self) -> None:
        """Let everybody reach it again."""
        await self._select("object-store")

    async def _select(self, name: str) -> None:
        patch = json.dumps({"spec": {"selector": {SELECTOR: name}}})
        await self._installation.kube("patch", "service", "object-store", f"--patch={patch}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(installation: Installation) -> AsyncIterator[Store]:
    """The installation keeps its pictures in a bucket until the module's tests are over."""
    kube = installation.kube
    await kube("apply", f"--filename={STORE}")
    await kube("rollout", "status", "deployment/object-store", "--timeout=60s")
    secret = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    await kube.apply(
        {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": {"name": "bucket", "namespace": kube.namespace},
            "stringData": secret,
        }
    )
    [pod] = await kube.objects("Pod", labels=f"{SELECTOR}=object-store")
    async with (
        # Not the service, which a test cuts off.
        forwarded(kube.namespace, f"pod/{pod['metadata']['name']}", PORT) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        store = Store(installation, session)
        await store.make_bucket()
        await installation.upgrade(
            f"pictures.url=s3://{BUCKET}/e2e",
            f"pictures.options.AWS_ENDPOINT_URL=http://object-store.{kube.namespace}:{PORT}",
            "pictures.options.AWS_ALLOW_HTTP=true",
            "pictures.options.AWS_REGION=us-east-1",
            "pictures.credentials.existingSecret=bucket",
        )
        yield store
        await installation.upgrade()
    await kube("delete", "secret/bucket")
    await kube("delete", f"--filename={STORE}", "--timeout=60s")


async def job_of(installation: Installation, before: set[str]) -> str:
    """Return the id of the job that came since."""

    async def new() -> set[str]:
        return await installation.job_ids() - before

    [job] = await eventually("a job", new, within=60)
    return job


async def test_pictures_lie_in_the_bucket_and_their_receipts_in_redis(installation, store, worker, photo):
    before, user = await installation.job_ids(), await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    job = await job_of(installation, before)
    await user.picture(timeout=60)
    assert any(f"{job}/out/" in name for name in await store.objects())
    result = json.loads((await installation.fields(job))["result"])["picture"]
    kept = await installation.redis.strlen(Keys().picture(result))
    print(f"Redis has {kept} bytes of the result")
    assert 0 < kept <= LONGEST


async def test_bucket_away_in_mid_job_costs_time_and_no_attempt(installation, store, worker, photo):
    before, user = await installation.job_ids(), await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    job = await job_of(installation, before)
    await installation.until_editing(job)
    await store.cut()
    try:

        async def running() -> bool:
            fields: dict[str, str] = await installation.fields(job)
            return fields["state"] == "running"

        await throughout("the job running", running, seconds=AWAY)
    finally:
        await store.heal()
    healed = time.monotonic()
    await user.picture(timeout=90)
    claims = installation.watch.claims(job)
    print(f"answered {time.monotonic() - healed:.1f} s after the store was back; attempts: {claims}")
    assert claims == [(worker.name, 1)]
    assert len((await user.snapshot()).from_bot) == 1


async def test_forget_empties_the_bucket_of_a_user(installation, store, worker, photo):
    before, user = await installation.job_ids(), await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    job = await job_of(installation, before)
    await user.picture(timeout=60)
    assert any(job in name for name in await store.objects())
    await user.send_text("/forget")
    await user.press("Delete everything", timeout=30)
    await user.says("I have deleted everything", timeout=60)
    assert not any(job in name for name in await store.objects())
