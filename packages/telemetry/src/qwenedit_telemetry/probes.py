"""The probe server: a service's answers to the kubelet and to Prometheus."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import structlog
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from qwenedit_telemetry.http_server import HttpServer

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

CHECK_TIMEOUT = 2.0
"""Seconds until a check without a verdict is a failed one: answered before the kubelet's probe gives up."""
CONNECTIONS = 32
"""Open ones at most: the kubelet and two Prometheus need five."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """A check's verdict, and the sentence that an operator reads in the pod's events."""

    ok: bool
    reason: str = "ok"

    @classmethod
    def failing(cls, reason: str) -> Self:
        """Make a verdict that answers 503."""
        return cls(ok=False, reason=reason)


HEALTHY = Health(ok=True)

Check = Callable[[], Health | Awaitable[Health]]


class ProbeServer(HttpServer):
    """Serves checks and metrics on a port of its own, from the service's own event loop.

    A loop that is blocked cannot answer, so `/livez` fails by itself when the service hangs. Nothing here has an
    effect: any pod that reaches the port may read it. An async context manager: it listens inside the block.

    Args:
        host: Address to listen on.
        port: Port; 0 takes a free one, which `port` then tells.
        registry: What `/metrics` shows.
        checks: Path → what it answers to GET: 200 or 503 with the reason as plain text. `/livez` answers 200
            where it is not given.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        registry: CollectorRegistry,
        checks: Mapping[str, Check],
    ) -> None:
        self._registry = registry
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        for path, check in {"/livez": _alive, **checks}.items():
            app.router.add_get(path, self._handler(check))
        super().__init__(app, host=host, port=port, connections=CONNECTIONS, shutdown=CHECK_TIMEOUT)

    @property
    def url(self) -> str:
        """Where the server is, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def _handler(self, check: Check) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            health = await _run(request.path, check)
            return web.Response(text=f"{health.reason}\n", status=200 if health.ok else 503)

        return answer

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})


async def _run(path: str, check: Check) -> Health:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            verdict = check()
            return await verdict if inspect.isawaitable(verdict) else verdict
    except TimeoutError:
        return Health.failing(f"no verdict within {CHECK_TIMEOUT:g} s")
    except Exception as error:
        # A check that fails in a way its author did not foresee is a failed check, and a defect to be seen.
        log.exception("probe.check_crashed", path=path)
        return Health.failing(f"the check itself failed: {type(error).__name__}")


def _alive() -> Health:
    return HEALTHY
