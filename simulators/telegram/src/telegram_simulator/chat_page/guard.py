"""Keeps other web pages out: one that is open beside the chat page must not act as a person, an admin or the bot."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_LOCAL_NAMES = (".localhost", ".local", ".svc")
"""Ends of names that nobody can register: of this machine, its network and a cluster's Services."""
_BOT_API = ("/bot", "/file/bot")
"""A bot may know the simulator by any name, and has a token."""


@web.middleware
async def refuse_other_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser with 403 if the request comes from another page, or if the page's own name isn't local."""
    if _is_from_another_page(request):
        return web.json_response({"error": "another web page may not use the simulator"}, status=403)
    if not request.path.startswith(_BOT_API) and not _is_local(request.host):
        return web.json_response({"error": f"the simulator is not {request.host}; use its IP address"}, status=403)
    return await handler(request)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Tell browsers what the page may load, and that no other page may show it."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _is_from_another_page(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:  # a browser's own word, which no page can change
        follows_link = request.headers.get("Sec-Fetch-Mode") == "navigate" and request.path == "/"
        return site not in ("same-origin", "none") and not follows_link
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _is_local(host: str) -> bool:
    """Whether a Host header names this machine or a Service, and not a domain that leads here (DNS rebinding)."""
    name = urlsplit(f"//{host}").hostname or ""
    if "." not in name or name.endswith(_LOCAL_NAMES):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
