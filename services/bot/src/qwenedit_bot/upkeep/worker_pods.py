"""The worker pods in the Kubernetes API: which there are, and what is annotated on them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from qwenedit_bot.chat.errors import KubernetesError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
CALL_TIMEOUT = 5.0
"""Seconds."""
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class WorkerPod:
    """A worker pod that is not leaving."""

    name: str
    annotations: Mapping[str, str]
    ready: bool


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

    async def there(self) -> list[WorkerPod]:
        """Return the pods; those that are leaving are left out.

        Raises:
            KubernetesError: no answer, or a refusal.
        """
        found = await self._call("GET", self._pods, params={"labelSelector": self._selector})
        return [_read(item) for item in found["items"] if "deletionTimestamp" not in item["metadata"]]

    async def annotate(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations of a pod and leave its others; harmless when the pod is gone.

        Raises:
            KubernetesError: no answer, or a refusal.
        """
        patch = {"metadata": {"annotations": dict(annotations)}}
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


def _read(item: dict[str, Any]) -> WorkerPod:
    conditions = item.get("status", {}).get("conditions") or []
    return WorkerPod(
        name=item["metadata"]["name"],
        annotations=item["metadata"].get("annotations") or {},
        ready=any(each["type"] == "Ready" and each["status"] == "True" for each in conditions),
    )


def _trust(ca: Path) -> ssl.SSLContext:
    """Trust the cluster's authority alone.

    Python 3.13 demands extensions of RFC 5280 that many clusters' authorities were made without.
    """
    context = ssl.create_default_context(cafile=str(ca))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
