"""The chat page and its own small API."""

from __future__ import annotations

import asyncio
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from telegram_simulator.bot_api.request_body import LARGEST, read_body
from telegram_simulator.chat_page.view import happening_view, messages_view
from telegram_simulator.common.errors import ControlError, NoSuchThingError
from telegram_simulator.messages.model import MediaKind, User
from telegram_simulator.people.people import Attachment, Place

if TYPE_CHECKING:
    from telegram_simulator.people.payments import StarPayments
    from telegram_simulator.people.people import People
    from telegram_simulator.world.world import World

DEFAULT_USER = 1001
HEARTBEAT = 15.0
"""Seconds between signs of life on a stream of events, so that whatever lies between does not cut it."""

_PACKAGE = Path(str(files("telegram_simulator.chat_page")))
_WEB = _PACKAGE / "web"
_SAMPLES = _PACKAGE / "samples"
_FRESH = {"Cache-Control": "no-cache"}


class Page:
    """Serves the page, and lets its user act as a person.

    Args:
        world: What it shows.
        people: Acts.
        cashier: Is paid.
    """

    def __init__(self, world: World, people: People, cashier: StarPayments) -> None:
        self._world = world
        self._people = people
        self._cashier = cashier

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes."""
        return [
            web.get("/", self._index),
            web.static("/web", _WEB),
            web.get("/chat/state", self._state),
            web.get("/chat/events", self._events),
            web.post("/chat/messages", self._send),
            web.post("/chat/press", self._press),
            web.post("/chat/pay", self._pay),
            web.get("/chat/samples", self._samples),
            web.static("/chat/samples", _SAMPLES),
            web.get("/chat/files/{file_id}", self._file),
        ]

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(_WEB / "index.html", headers=_FRESH)

    async def _state(self, request: web.Request) -> web.Response:
        place = self._place(request)
        bot = place.bot
        return web.json_response(
            {
                "bot": {"username": bot.me.username, "name": bot.me.first_name, "online": bot.online},
                "group": place.conversation.chat.title,
                "messages": messages_view(place.conversation, place.user.id),
            }
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        place = self._place(request)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_FRESH})
        with place.conversation.watched() as happenings:
            await stream.prepare(request)
            await _emit(stream, "bot", {"online": place.bot.online})
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        happening = await happenings.get()
                except TimeoutError:
                    await stream.write(b": still here\n\n")
                    continue
                event = happening_view(happening, place.user.id)
                if event is not None:
                    await _emit(stream, *event)

    async def _send(self, request: web.Request) -> web.Response:
        place = self._place(request)
        said = await read_body(request, limit=LARGEST)
        kind = MediaKind.DOCUMENT if said.values.get("as_file") == "1" else MediaKind.PHOTO
        attachments = [
            Attachment(kind=kind, data=upload.data, name=upload.name, mime=upload.mime) for _, upload in said.files
        ]
        sent = await self._people.send(place, text=said.values.get("text", ""), attachments=attachments)
        return web.json_response({"ids": [message.id for message in sent]})

    async def _press(self, request: web.Request) -> web.Response:
        wish = await _body(request)
        try:
            message_id, data = int(wish["message_id"]), str(wish["data"])
        except (KeyError, TypeError, ValueError):
            raise ControlError("a press names message_id and data") from None
        self._people.press(self._place(request), message_id, data)
        return web.json_response({})

    async def _pay(self, request: web.Request) -> web.Response:
        wish = await _body(request)
        try:
            message_id = int(wish["message_id"])
        except (KeyError, TypeError, ValueError):
            raise ControlError("a payment names message_id") from None
        await self._cashier.pay(self._place(request), message_id)
        return web.json_response({})

    async def _samples(self, _request: web.Request) -> web.Response:
        pictures = sorted(_SAMPLES.glob("*.jpg"))
        return web.json_response(
            [
                {
                    "name": path.name,
                    "title": path.stem.replace("-", " ").capitalize(),
                    "url": f"/chat/samples/{path.name}",
                }
                for path in pictures
            ]
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
        try:
            user_id = int(request.query.get("user", DEFAULT_USER))
        except ValueError:
            raise NoSuchThingError("a user is named by a number") from None
        if user_id <= 0:
            raise NoSuchThingError("a user's number is positive")
        # A new number in the page's address makes a new person, whose client has the browser's language.
        name = "You" if user_id == DEFAULT_USER else f"User {user_id}"
        self._world.users.setdefault(user_id, User(id=user_id, first_name=name, language=_language(request)))
        title = request.query.get("group")
        if not title:
            return self._people.place(bot_id=None, user_id=user_id)
        # A group's title in the address makes that person a member of it, or its first member.
        group = self._world.bots.newest.group(title)
        group.members.add(user_id)
        return self._people.place(bot_id=None, user_id=user_id, chat_id=group.chat.id)


def _language(request: web.Request) -> str:
    """Return the language that the browser prefers (https://httpwg.org/specs/rfc9110.html#field.accept-language)."""
    preferred = re.match(r"\s*([A-Za-z]{2,3})\b", request.headers.get("Accept-Language", ""))
    return preferred[1].lower() if preferred else "en"


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise ControlError("the body is no JSON") from None
    if not isinstance(body, dict):
        raise ControlError("the body is no JSON object")
    return body


async def _emit(stream: web.StreamResponse, event: str, data: dict[str, Any]) -> None:
    await stream.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())
