"""The product installed with a bucket, whose store is killed in mid-job."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from obstore.store import S3Store

from qwenedit_jobs import Keys
from tests.e2e.cluster.installation import HERE
from tests.e2e.cluster.installing import installed, namespace, simulated_telegram
from tests.e2e.cluster.kube import attempt, eventually, throughout
from tests.e2e.cluster.port_forward import forwarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.cluster.installation import Installation
    from tests.e2e.cluster.kube import Kube

NAMESPACE = "qwenedit-e2e-bucket"
RELEASE = "bucket"
BUCKET, PREFIX = "photos", "e2e"
PORT = 9000
CLOSED_PORT = 1
"""Connections to it are refused. Some networks answer in the place of a service that has no pod."""
STORE = HERE.parent / "object-store" / "object-store.yaml"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
AWAY = 12.0
"""Seconds without a store: the edit takes 4."""
SELECTOR = "app.kubernetes.io/name"


class Store:
    """The store of objects on the cluster."""

    def __init__(self, kube: Kube, pod: str) -> None:
        self._kube = kube
        self._pod = pod

    async def objects(self) -> set[str]:
        """Return the names of all objects."""
        async with forwarded(self._kube.namespace, f"pod/{self._pod}", PORT) as port:  # not the service, which is cut
            bucket = S3Store(
                BUCKET,
                prefix=PREFIX,
                endpoint=f"http://127.0.0.1:{port}",
                region="us-east-1",
                access_key_id=ACCOUNT["AWS_ACCESS_KEY_ID"],
                secret_access_key=ACCOUNT["AWS_SECRET_ACCESS_KEY"],
                client_options={"allow_http": True},
            )
            return {each["path"] async for page in bucket.list() for each in page}

    async def kill(self) -> None:
        """End the store's process at once. It comes back by itself, and nobody reaches it before `heal`."""
        await self._lead_to(CLOSED_PORT)
        kill = "kill -9 $(pidof versitygw)"
        await attempt("kubectl", f"--namespace={self._kube.namespace}", "exec", self._pod, "--", "sh", "-c", kill)

    async def heal(self) -> None:
        """Let everybody reach it again."""
        await self._lead_to("s3")

    async def restarts(self) -> int:
        """Return how often its container was started again."""
        pod = await self._kube.get("Pod", self._pod)
        assert pod is not None
        return int(pod["status"]["containerStatuses"][0]["restartCount"])

    async def _lead_to(self, target: int | str) -> None:
        """Have the service connect to a port of the pod."""
        patch = json.dumps({"spec": {"ports": [{"port": PORT, "targetPort": target}]}})
        await self._kube("patch", "service", "object-store", f"--patch={patch}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kube() -> AsyncIterator[Kube]:
    """A namespace of its own."""
    if shutil.which("go") is None:
        pytest.skip("the store of objects is built with Go, and there is no go on PATH")
    async with namespace(NAMESPACE) as kube:
        yield kube


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(kube: Kube) -> Store:
    """A store with an empty bucket."""
    await kube("apply", f"--filename={STORE}")
    await kube.apply(
        {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": {"name": "bucket", "namespace": kube.namespace},
            "stringData": ACCOUNT,
        }
    )
    await kube("rollout", "status", "deployment/object-store", "--timeout=60s")
    [pod] = await kube.objects("Pod", labels=f"{SELECTOR}=object-store")
    return Store(kube, pod["metadata"]["name"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation(kube: Kube, store: Store) -> AsyncIterator[Installation]:
    """The product, with its pictures in the bucket from the start."""
    async with (
        simulated_telegram(kube) as telegram,
        installed(
            kube,
            telegram,
            RELEASE,
            f"pictures.url=s3://{BUCKET}/{PREFIX}",
            f"pictures.options.AWS_ENDPOINT_URL=http://object-store.{kube.namespace}:{PORT}",
            "pictures.options.AWS_ALLOW_HTTP=true",
            "pictures.options.AWS_REGION=us-east-1",
            "pictures.credentials.existingSecret=bucket",
            "redis.persistence.enabled=false",
        ) as installation,
    ):
        yield installation


async def job_of(installation: Installation, before: set[str]) -> str:
    """Return the id of the job that came since."""

    async def new() -> set[str]:
        return await installation.job_ids() - before

    [job] = await eventually("a job", new, within=60)
    return job


async def test_pictures_lie_in_the_bucket_and_not_in_redis(installation, store, worker, photo):
    before, user = await installation.job_ids(), await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    job = await job_of(installation, before)
    await user.picture(timeout=60)
    assert any(f"{job}/out/" in name for name in await store.objects())
    result = json.loads((await installation.fields(job))["result"])["picture"]
    assert await installation.redis.strlen(Keys().picture(result)) == 0


async def test_store_that_is_killed_in_mid_job_costs_time_and_no_attempt(installation, store, worker, photo):
    before, user = await installation.job_ids(), await installation.telegram.user()
    await user.send(photo=photo, caption="make it snow")
    job = await job_of(installation, before)
    await installation.until_editing(job)
    kept = {name for name in await store.objects() if "/out/" in name}
    await store.kill()
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
    assert await store.restarts() == 1
    assert claims == [(worker.name, 1)]
    await installation.one_message(user)
    assert kept
    assert kept <= await store.objects()
