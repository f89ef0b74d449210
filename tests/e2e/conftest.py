"""One installation for most tests: they change it one after another, and leave it as good as they found it.

Each process of pytest has one. Other tests install what they need beside it. None touches what it did not make: another
installation may be on the cluster.
"""

from __future__ import annotations

import io
import os
import shutil
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from tests.e2e.cluster.gpus import offered, own
from tests.e2e.cluster.installation import HERE, RED, Installation
from tests.e2e.cluster.installing import installed, namespace, simulated_telegram
from tests.e2e.cluster.jaeger import Jaeger
from tests.e2e.cluster.kube import Kube, Pod, attempt
from tests.e2e.cluster.port_forward import forwarded
from tests.e2e.cluster.second_node import SecondNode, first_node, second_node

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from telegram_simulator.client import TelegramSimulator

RELEASE = "edit"
GPUS = 2
"""As many as it may have workers."""
LONGEST_TEST = 600
"""Seconds."""
LONG_FILES = ("uninstall", "nodes", "isolation", "shared_redis", "rollout", "standalone", "backup", "scaling", "redis")
"""They come first, so that no process of pytest is busy alone at the end."""
LINES_SHOWN = 40
"""Of the log of each pod, where a test failed."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    first = [f"test_{name}" for name in LONG_FILES]
    items.sort(key=lambda item: first.index(item.path.stem) if item.path.stem in first else len(first))
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
    async with namespace(f"qwenedit-e2e-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}") as kube:
        yield kube


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def telegram(kube: Kube) -> AsyncIterator[TelegramSimulator]:
    """The simulated Telegram, on the cluster."""
    async with simulated_telegram(kube) as simulator:
        yield simulator


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jaeger(kube: Kube) -> AsyncIterator[Jaeger]:
    """What the product exports its traces to."""
    await kube("apply", f"--filename={HERE / 'jaeger.yaml'}")
    await kube("rollout", "status", "deployment/jaeger", "--timeout=120s")
    async with (
        forwarded(kube.namespace, "service/jaeger", 16686) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield Jaeger(session)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def installation(kube: Kube, telegram: TelegramSimulator, jaeger: Jaeger) -> AsyncIterator[Installation]:
    """The product, installed with helm; it exports to `jaeger`. Its GPUs are no other installation's."""
    gpu = own(kube.namespace)
    async with (
        offered(await first_node(), GPUS, of=gpu),
        installed(
            kube,
            telegram,
            RELEASE,
            f"comfyui.gpu.resource={gpu}",
            "comfyui.gpu.count=1",
            "monitoring.traces.endpoint=http://jaeger:4318",
            r"networkPolicy.collectorTo[0].podSelector.matchLabels.app\.kubernetes\.io/name=jaeger",
        ) as installation,
    ):
        yield installation


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


@pytest_asyncio.fixture(loop_scope="session")
async def node(installation: Installation) -> AsyncIterator[SecondNode]:
    """A second node, for one test."""
    async with second_node(installation) as node:
        yield node
