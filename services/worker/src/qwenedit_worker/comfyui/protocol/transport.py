"""HTTP and websocket to one server, bounded in time and size, failing in this package's terms."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

import aiohttp
import structlog

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui.errors import ComfyUIUnavailable, UnexpectedReply

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

MAX_PICTURE = 50 * 10**6
"""Bytes: the largest file that Telegram takes from a bot. The workflows' results are a few megabytes."""

log = structlog.get_logger(__name__)

T = TypeVar("T")


class TooLargeError(UnexpectedReply):
    """The reply is larger than the caller takes."""


class NotSentError(ComfyUIUnavailable):
    """No connection, so the request cannot have had an effect."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A reply read in full."""

    status: int
    body: bytes

    def json(self, parse: Callable[[Any], T]) -> T:
        """Extract a value from the body's JSON.

        Raises:
            UnexpectedReply: it is not JSON, or of another shape than `parse` takes.
        """
        try:
            return parse(json.loads(self.body))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise UnexpectedReply(f"not ComfyUI's reply: {self.status} {self.excerpt()}: {error!r:.200}") from error

    def excerpt(self) -> str:
        """As much of the body as an error message can take."""
        return self.body[:200].decode(errors="replace")


class Transport:
    """One session to one server. An async context manager.

    Each request opens its own connection. One that's kept ends where it was opened, even if the Service leads elsewhere
    by now; a connection to a Service that kube-proxy didn't know yet may have left the cluster, and reached anything.

    Args:
        url: of the server; a path prefix is kept.
        on_request: told of each request's route, which is its path's first part, and of the reply's status; `none`
            if no whole reply came.
        on_refused: told when the server takes no connection: what listens there next is another process.
    """

    def __init__(
        self,
        url: str,
        *,
        on_request: Callable[[str, str], None] = lambda _route, _status: None,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url.rstrip("/")
        self._on_request = on_request
        self._on_refused = on_refused
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        redirects = aiohttp.TraceConfig()
        redirects.on_request_redirect.append(_refuse_redirect)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=5, force_close=True),
            timeout=aiohttp.ClientTimeout(total=timeouts.REQUEST, sock_connect=timeouts.CONNECT),
            # The bytes that arrive do not bound those that they unpack to.
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[redirects],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session."""
        if self._session is None:
            raise RuntimeError("the client is used outside its context")
        return self._session

    async def request(
        self,
        method: str,
        path: str,
        *,
        limit: int = 4 * 2**20,
        within: float = timeouts.REQUEST,
        **what: Any,
    ) -> HttpReply:
        """Send a request, and read at most `limit` bytes of its reply within `within` seconds.

        Args:
            method: of HTTP.
            path: below the server's URL.
            limit: bytes.
            within: seconds for the whole reply; at most `timeouts.REQUEST` of them may pass without a byte.
            what: else is sent, as aiohttp takes it.

        Raises:
            NotSentError: no connection.
            TooLargeError: the reply is larger.
            ComfyUIUnavailable: anything else; the request may or may not have had its effect.
        """
        where = f"{method} {path}"
        status, size, began = "none", 0, time.monotonic()
        timeout = aiohttp.ClientTimeout(total=within, sock_connect=timeouts.CONNECT, sock_read=timeouts.REQUEST)
        try:
            async with self.session.request(
                method, self.url + path, timeout=timeout, allow_redirects=False, **what
            ) as response:
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > limit:
                        response.close()
                        raise TooLargeError(f"{where}: the reply is larger than {limit} bytes")
                status, size = str(response.status), len(body)
                return HttpReply(response.status, bytes(body))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._on_refused()
            hint = "if ComfyUI is up, COMFYUI_URL or a network policy is wrong"
            raise NotSentError(f"{where}: no connection: {hint} ({error})") from error
        except TimeoutError as error:
            raise ComfyUIUnavailable(f"{where}: no reply within {min(within, timeouts.REQUEST):g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: what the reply is made of, or its URL
            raise ComfyUIUnavailable(f"{where}: {type(error).__name__}: {error}") from error
        finally:
            route = path.strip("/").partition("/")[0]  # without the ids that follow
            self._on_request(route, status)
            if (path, status) != ("/queue", "200"):  # asked every two seconds
                seconds = round(time.monotonic() - began, 3)
                log.debug("comfyui.request", method=method, path=path, status=status, bytes=size, seconds=seconds)

    async def websocket(self, client_id: str) -> aiohttp.ClientWebSocketResponse:
        """Open a websocket, whose messages are bounded and whose silence is probed.

        Raises:
            ComfyUIUnavailable: it could not be opened.
        """
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        try:
            return await self.session.ws_connect(
                f"{self.url}/ws",
                params={"clientId": client_id},
                heartbeat=20.0,  # a half-open websocket is noticed; polling continues meanwhile
                max_msg_size=4 << 20,  # an error's traceback with its inputs is the largest
                timeout=timeout,
            )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                self._on_refused()
            raise ComfyUIUnavailable(f"websocket: {type(error).__name__}: {error}") from error


async def _refuse_redirect(_session: aiohttp.ClientSession, _context: object, params: object) -> None:
    """Follow no redirect: for a websocket's request, aiohttp has no other way to forbid it."""
    raise UnexpectedReply(f"the server redirects: {params!r:.200}")
