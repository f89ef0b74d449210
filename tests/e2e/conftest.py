"""One installation for all tests: they change it one after another, and leave it as they found it."""

from __future__ import annotations

import io
import shutil
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image
from pydantic import SecretStr

from qwenedit_jobs import JobQueue, Keys, RedisPictureStore, RedisSettings, connect
from telegram_simulator.client import TelegramSimulator
from tests.e2e.cluster.installation import (
    CHART,
    HERE,
    PICTURE_TTL,
    RED,
    REPOSITORY,
    Installation,
    helm,
    password,
    values,
)
from tests.e2e.cluster.jaeger import Jaeger
from tests.e2e.cluster.kube import Kube, Pod, attempt, run
from tests.e2e.cluster.pod_watch import Watch
from tests.e2e.cluster.port_forward import forwarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

NAMESPACE = "qwenedit-e2e"
RELEASE = "edit"
TOKEN = "1000000007:AAe2eTokenThatMustNotLeakAnywhere"
LONGEST_TEST = 600
"""Seconds."""
LINES_SHOWN = 40
"""Of the log of each pod, where a test failed."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE.parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.timeout(LONGEST_TEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the bot and the workers said last where a test failed."""
    report = yield
    installation = getattr(item, "funcargs", {}).get("installation")
    if report.failed and isinstance(installation, Installation):
        for pod, lines in installation.watch.logs.items():
            report.sections.append((f"logs of {pod}", "\n".join(lines[-LINES_SHOWN:])))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that tests have printed."""
    for report in terminalreporter.getreports("passed"):
        if report.when == "call" and report.capstdout and report.nodeid.startswith("tests/e2e/"):
            terminalreporter.line(report.nodeid.partition("::")[2], bold=True)
            for line in report.capstdout.splitlines():
                terminalreporter.line(f"    {line}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kube() -> AsyncIterator[Kube]:
    """A namespace that accepts restricted pods only, empty at first and gone at the end."""
    for tool in ("kubectl", "helm"):
        assert shutil.which(tool), f"{tool} is not on PATH: these tests need a cluster; see CONTRIBUTING.md"
    code, _out, err = await attempt("kubectl", "get", "--raw=/readyz")
    assert code == 0, f"no cluster where KUBECONFIG points to: {err}"
    async with Kube.connected(NAMESPACE) as kube:
        await run("kubectl", "delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
        await kube.apply(
            {
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
            },
            {
                "kind": "Secret",
                "apiVersion": "v1",
                "metadata": {"name": "telegram-token", "namespace": NAMESPACE},
                "stringData": {"token": TOKEN},
            },
        )
        yield kube
        await run("kubectl", "delete", "namespace", NAMESPACE, "--wait=false")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def telegram(kube: Kube) -> AsyncIterator[TelegramSimulator]:
    """The simulated Telegram, on the cluster."""
    await kube("apply", f"--filename={REPOSITORY / 'k8s' / 'try' / 'telegram-simulator.yaml'}")
    await kube("rollout", "status", "deployment/telegram-simulator", "--timeout=60s")
    async with (
        forwarded(NAMESPACE, "service/telegram-simulator", 8090) as port,
        TelegramSimulator(f"http://127.0.0.1:{port}") as simulator,
    ):
        yield simulator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jaeger(kube: Kube) -> AsyncIterator[Jaeger]:
    """What the product exports its traces to."""
    await kube("apply", f"--filename={HERE / 'jaeger.yaml'}")
    await kube("rollout", "status", "deployment/jaeger", "--timeout=120s")
    async with (
        forwarded(NAMESPACE, "service/jaeger", 16686) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield Jaeger(session)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(kube: Kube, telegram: TelegramSimulator, jaeger: Jaeger) -> AsyncIterator[Installation]:
    """The product, installed with helm; it exports to `jaeger`."""
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(Watch(kube))
        before = set(await kube.everything())
        # Not all of a release is in the namespace, which is deleted at the end.
        uninstall = ("helm", "uninstall", RELEASE, f"--namespace={NAMESPACE}", "--ignore-not-found")
        stack.push_async_callback(attempt, *uninstall)
        started = time.monotonic()
        await helm("install", RELEASE, str(CHART), f"--namespace={NAMESPACE}", *values(), "--wait", "--timeout=120s")
        seconds = time.monotonic() - started
        secret = f"{RELEASE}-qwenedit-redis"
        port = await stack.enter_async_context(forwarded(NAMESPACE, f"service/{secret}", 6379))
        settings = RedisSettings(
            redis_url=f"redis://127.0.0.1:{port}/0",
            redis_username="bot",
            redis_password=SecretStr(await password(kube, secret, "bot")),
        )
        client = await stack.enter_async_context(connect(settings))
        raw = await stack.enter_async_context(connect(settings, decode=False))
        yield Installation(
            kube=kube,
            release=RELEASE,
            watch=watch,
            telegram=telegram,
            redis=client,
            queue=JobQueue(client, Keys()),
            pictures=RedisPictureStore(raw, Keys(), ttl=PICTURE_TTL),
            seconds_to_ready=seconds,
            before=before,
        )


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A red picture."""
    data = io.BytesIO()
    Image.new("RGB", (320, 240), RED).save(data, "JPEG")
    return data.getvalue()


@pytest_asyncio.fixture(loop_scope="session")
async def worker(installation: Installation) -> Pod:
    """The only worker; KEDA is told to leave it alone."""
    [pod] = await installation.hold(1)
    return pod
