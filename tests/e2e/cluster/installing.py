"""Installs the product into a namespace of its own, with helm, and takes all of it away again."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from qwenedit_jobs import Keys, RedisPictureStore, RedisSettings, connect
from qwenedit_testkit.job_queue import JobQueue
from telegram_simulator.client import TelegramSimulator
from tests.e2e.cluster.installation import CHART, PICTURE_TTL, REPOSITORY, Installation, helm, password, values
from tests.e2e.cluster.kube import CommandError, Kube, run
from tests.e2e.cluster.pod_watch import Watch
from tests.e2e.cluster.port_forward import forwarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "1000000007:AAe2eTokenThatMustNotLeakAnywhere"


@asynccontextmanager
async def namespace(name: str) -> AsyncIterator[Kube]:
    """Make a namespace that accepts restricted pods only, empty at first and gone at the end."""
    async with Kube.connected(name) as kube:
        await run("kubectl", "delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
        await kube.apply(
            {
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
            },
            {
                "kind": "Secret",
                "apiVersion": "v1",
                "metadata": {"name": "telegram-token", "namespace": name},
                "stringData": {"token": TOKEN},
            },
        )
        yield kube
        await run("kubectl", "delete", "namespace", name, "--wait=false")


@asynccontextmanager
async def simulated_telegram(kube: Kube) -> AsyncIterator[TelegramSimulator]:
    """Run the simulated Telegram in a namespace."""
    await kube("apply", f"--filename={REPOSITORY / 'k8s' / 'try' / 'telegram-simulator.yaml'}")
    await kube("rollout", "status", "deployment/telegram-simulator", "--timeout=60s")
    async with (
        forwarded(kube.namespace, "service/telegram-simulator", 8090) as port,
        TelegramSimulator(f"http://127.0.0.1:{port}") as simulator,
    ):
        yield simulator


@asynccontextmanager
async def installed(kube: Kube, telegram: TelegramSimulator, release: str, *sets: str) -> AsyncIterator[Installation]:
    """Install the product, and reach its Redis.

    Args:
        kube: The namespace.
        telegram: In it.
        release: Its name.
        sets: Values beside those of all tests.
    """
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(Watch(kube))
        before = set(await kube.everything())
        started = time.monotonic()
        into = f"--namespace={kube.namespace}"
        try:
            await helm("install", release, str(CHART), into, *values(*sets), "--wait", "--timeout=120s")
        except CommandError as error:
            error.add_note(await kube("describe", "pods"))
            for pod, lines in watch.logs.items():
                error.add_note("\n".join([f"log of {pod}:", *lines]))
            raise
        seconds = time.monotonic() - started
        secret = f"{release}-qwenedit-redis"
        port = await stack.enter_async_context(forwarded(kube.namespace, f"service/{secret}", 6379))
        settings = RedisSettings(
            redis_url=f"redis://bot@127.0.0.1:{port}/0",
            redis_password=SecretStr(await password(kube, secret, "bot")),
        )
        client = await stack.enter_async_context(connect(settings))
        raw = await stack.enter_async_context(connect(settings, decode=False))
        yield Installation(
            kube=kube,
            release=release,
            watch=watch,
            telegram=telegram,
            redis=client,
            queue=JobQueue(client, Keys()),
            pictures=RedisPictureStore(raw, Keys(), ttl=PICTURE_TTL),
            seconds_to_ready=seconds,
            before=before,
            sets=sets,
        )


@asynccontextmanager
async def alone(name: str, *sets: str) -> AsyncIterator[Installation]:
    """Install the product as the release `edit` for one file of tests, in a namespace of its own."""
    async with (
        namespace(f"qwenedit-e2e-{name}") as kube,
        simulated_telegram(kube) as telegram,
        installed(kube, telegram, "edit", *sets) as installation,
    ):
        yield installation
