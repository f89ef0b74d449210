"""The chat page: what it shows. What its user does goes through the control API."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from telegram_simulator.chat_page.view import message_view
from telegram_simulator.common.errors import ControlError
from telegram_simulator.messages.model import User

if TYPE_CHECKING:
    from telegram_simulator.world.world import Place, World

DEFAULT_USER = 1001
LONGEST_WAIT = 20.0
"""Seconds that a question for something new is held, so that whatever lies between does not cut it."""

_PACKAGE = Path(str(files("telegram_simulator.chat_page")))
_WEB = _PACKAGE / "web"
_SAMPLES = _PACKAGE / "samples"
_FRESH = {"Cache-Control": "no-cache"}


class Page:
    """Serves the page, on which a person acts by the control API.

    Args:
        world: What it shows.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes."""
        return [
            web.get("/", self._index),
            web.static("/web", _WEB),
            web.get("/chat/state", self._state),
            web.static("/chat/samples", _SAMPLES),
            web.get("/chat/files/{file_id}", self._file),
        ]

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(_WEB / "index.html", headers=_FRESH)

    async def _state(self, request: web.Request) -> web.Response:
        """Answer with all that the page shows; with `?after=VERSION` as soon as there is something new."""
        place = self._place(request)
        bot, conversation = place.bot, place.conversation
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                await conversation.pulse.after(int(request.query.get("after", "-1")))
        records = [record for record in conversation.records.values() if not record.deleted]
        answers = [answer for answer in conversation.answers if answer.user_id == place.user.id]
        return web.json_response(
            {
                "version": conversation.pulse.count,
                "bot": {"name": bot.me.first_name, "online": bot.online, "action": conversation.action},
                "messages": [message_view(record.now) for record in records],
                "answers": [{"id": each.query_id, "text": each.text, "alert": each.alert} for each in answers],
            }
        )

    async def _file(self, request: web.Request) -> web.FileResponse:
        file = self._world.file(request.match_info["file_id"])
        headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
        picture = file.mime.startswith("image/") and file.mime != "image/svg+xml"
        if file.name is not None:
            kind = "inline" if picture else "attachment"
            headers["Content-Disposition"] = f"{kind}; filename*=utf-8''{quote(file.name)}"
        headers["Content-Type"] = file.mime if picture else "application/octet-stream"
        return web.FileResponse(file.content, headers=headers)

    def _place(self, request: web.Request) -> Place:
        said = request.query.get("user", str(DEFAULT_USER))
        if not said.isdecimal():
            raise ControlError("a user is named by a number")
        user_id = int(said)
        # A new number in the page's address makes a new person, whose client has the browser's language.
        name = "You" if user_id == DEFAULT_USER else f"User {user_id}"
        self._world.users.setdefault(user_id, User(id=user_id, first_name=name, language=_language(request)))
        return self._world.place(self._world.bots.newest, user_id)


def _language(request: web.Request) -> str:
    """Return the language that the browser prefers (https://httpwg.org/specs/rfc9110.html#field.accept-language)."""
    preferred = re.match(r"\s*([A-Za-z]{2,3})\b", request.headers.get("Accept-Language", ""))
    return preferred[1].lower() if preferred else "en"
