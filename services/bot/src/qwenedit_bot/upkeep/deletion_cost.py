"""Tells Kubernetes which workers have a job, so that a scale-in takes the idle ones.

KEDA says how many workers there are, the ReplicaSet which of them go: among equals those with the lowest
`controller.kubernetes.io/pod-deletion-cost`. Draining makes any choice safe; this makes the costly one rare.
"""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import structlog

from qwenedit_bot.chat.errors import KubernetesError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from qwenedit_jobs import JobQueue

TICK = 1.0
"""Seconds between two looks at the jobs: the most that the annotations are behind."""
COMPARE_EVERY = 60.0
"""Seconds after which the pods are looked at although no job began or ended."""
ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"
BUSY = 1000
"""Above the 0 that a pod without the annotation costs."""
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
CALL_TIMEOUT = 5.0
"""Seconds."""
NOT_FOUND = 404

log = structlog.get_logger(__name__)


class WorkerPods:
    """The worker pods of one namespace, in the Kubernetes API. An async context manager.

    Args:
        base_url: The API server's address.
        namespace: Where the workers are.
        selector: Which pods are workers, as a label selector.
        account: Folder with the service account's `token` and `ca.crt`.
    """

    def __init__(self, base_url: str, *, namespace: str, selector: str, account: Path = SERVICE_ACCOUNT) -> None:
        self._pods = f"{base_url}/api/v1/namespaces/{namespace}/pods"
        self._selector = selector
        self._account = account
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def costs(self) -> dict[str, int]:
        """Return what the deletion of each pod costs, by its name; those that are leaving are left out.

        Raises:
            KubernetesError: no answer, or a refusal.
        """
        found = await self._call("GET", self._pods, params={"labelSelector": self._selector})
        pods = (item["metadata"] for item in found["items"])
        return {pod["name"]: _cost(pod) for pod in pods if "deletionTimestamp" not in pod}

    async def set_cost(self, name: str, cost: int) -> None:
        """Say what a pod's deletion costs; harmless when it is gone.

        Raises:
            KubernetesError: no answer, or a refusal.
        """
        patch = {"metadata": {"annotations": {ANNOTATION: str(cost)}}}
        await self._call(
            "PATCH", f"{self._pods}/{name}", json=patch, headers={"Content-Type": "application/merge-patch+json"}
        )

    async def _call(self, method: str, url: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        if self._session is None:
            raise RuntimeError("use WorkerPods in an `async with`")
        try:
            # Read anew each time: the kubelet replaces the token long before it expires.
            token = (self._account / "token").read_text().strip()
            trust = _trust(self._account / "ca.crt")
            given = {**(headers or {}), "Authorization": f"Bearer {token}"}
            async with self._session.request(method, url, ssl=trust, headers=given, **body) as answer:
                if answer.status == NOT_FOUND and method == "PATCH":
                    return None
                if not answer.ok:
                    raise KubernetesError(f"{method} pods: {answer.status} {(await answer.text())[:300]}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise KubernetesError(f"{method} pods: {type(error).__name__}: {error}") from error


class DeletionCosts:
    """Keeps the costs right: those of workers with a job above those of idle ones.

    Args:
        queue: Knows which workers have a job.
        pods: The workers' pods.
        clock: Monotonic time in seconds.
    """

    def __init__(self, *, queue: JobQueue, pods: WorkerPods, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._pods = pods
        self._clock = clock
        self._told: frozenset[str] | None = None
        self._compare_at = 0.0
        self._problem = ""

    async def tick(self) -> None:
        """Make one round; what Kubernetes refuses is logged, and tried again the next time."""
        busy = frozenset(await self._queue.busy_workers())
        if busy == self._told and self._clock() < self._compare_at:
            return
        try:
            for name, cost in (await self._pods.costs()).items():
                due = BUSY if name in busy else 0
                if cost != due:
                    await self._pods.set_cost(name, due)
        except KubernetesError as error:
            self._told = None
            if str(error) != self._problem:
                log.warning("deletion_cost.not_set", reason=str(error))
            self._problem = str(error)
            return
        if self._problem:
            log.info("deletion_cost.recovered")
        self._problem = ""
        self._told = busy
        self._compare_at = self._clock() + COMPARE_EVERY


def _trust(ca: Path) -> ssl.SSLContext:
    """Trust the cluster's authority alone.

    Python 3.13 demands extensions of RFC 5280 that many clusters' authorities were made without.
    """
    context = ssl.create_default_context(cafile=str(ca))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _cost(pod: dict[str, Any]) -> int:
    try:
        return int((pod.get("annotations") or {}).get(ANNOTATION, 0))
    except ValueError:  # somebody else's; ours replaces it
        return -1
