"""The control API: what tests do to the simulated Telegram, and what they see of it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from telegram_simulator.body import read_body
from telegram_simulator.errors import ControlError
from telegram_simulator.faults import Fault
from telegram_simulator.model import ChatKind, MediaKind, User
from telegram_simulator.people import Attachment, Place
from telegram_simulator.snapshot import chat_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram_simulator.bots import Bot
    from telegram_simulator.payments import Cashier
    from telegram_simulator.people import People
    from telegram_simulator.pulse import Pulse
    from telegram_simulator.world import World

LARGEST = 200 << 20
"""Bytes that a person may send in one go: more than a bot can fetch."""
LONGEST_WAIT = 30.0
"""Seconds that a question for something new is held."""
FIRST_USER = 5001


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserWish(_Wish):
    """A person to be made or changed; without an id a new one is found."""

    id: int | None = None
    first_name: str = "Ann"
    last_name: str | None = None
    username: str | None = None
    language: str | None = "en"


class GroupWish(_Wish):
    """A group to be made."""

    title: str
    members: tuple[int, ...]
    kind: ChatKind = ChatKind.SUPERGROUP
    bot_admin: bool = False


class SendWish(_Wish):
    """What a person sends; the files come beside it."""

    chat_id: int | None = None
    text: str = ""
    captions: Json[list[str]] = Field(default_factory=list)
    kind: MediaKind = MediaKind.PHOTO
    reply_to: int | None = None
    forwarded: bool = False
    mime: str | None = None


class PressWish(_Wish):
    """A button that a person presses."""

    chat_id: int | None = None
    message_id: int
    data: str
    unchecked: bool = False


class PayWish(_Wish):
    """An invoice that a person pays."""

    chat_id: int | None = None
    message_id: int


class EditWish(_Wish):
    """New words for a person's own message."""

    chat_id: int | None = None
    text: str


class LanguageWish(_Wish):
    """The language of a person's client."""

    language: str


class BotWish(_Wish):
    """How a bot is set up with BotFather, and how old its Bot API server is."""

    reads_all: bool | None = None
    old_api: bool | None = None


class Control:
    """Serves the control API.

    Args:
        world: What it is about.
        people: Acts.
        cashier: Is paid.
    """

    def __init__(self, world: World, people: People, cashier: Cashier) -> None:
        self._world = world
        self._people = people
        self._cashier = cashier
        self._user_ids = itertools.count(FIRST_USER)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; any may name a bot by `?bot=ID`, else the newest is meant."""
        user, message = "/simulator/users/{user:\\d+}", "/simulator/users/{user:\\d+}/messages/{message:\\d+}"
        return [
            web.get("/simulator/state", self._state),
            web.post("/simulator/users", self._make_user),
            web.post("/simulator/groups", self._make_group),
            web.post(f"{user}/messages", self._send),
            web.post(f"{user}/press", self._press),
            web.post(f"{user}/pay", self._pay),
            web.put(message, self._edit),
            web.delete(message, self._delete),
            web.put(f"{user}/language", self._speak),
            web.put(f"{user}/block", self._block),
            web.delete(f"{user}/block", self._unblock),
            web.get("/simulator/chats/{chat:-?\\d+}", self._chat),
            web.get("/simulator/files/{file_id}", self._file),
            web.get("/simulator/calls", self._calls),
            web.post("/simulator/updates", self._update),
            web.get("/simulator/bot", self._show_bot),
            web.put("/simulator/bot", self._set_up),
            web.get("/simulator/faults", self._armed),
            web.post("/simulator/faults", self._arm),
            web.delete("/simulator/faults", self._clear),
            web.get("/simulator/limits", self._rates),
            web.put("/simulator/limits", self._limit),
        ]

    async def _state(self, _request: web.Request) -> web.Response:
        bots = [_bot_view(bot) for bot in self._world.bots]
        return web.json_response({"bots": bots, "users": [asdict(user) for user in self._world.users.values()]})

    async def _show_bot(self, request: web.Request) -> web.Response:
        return web.json_response(_bot_view(self._bot(request)))

    async def _make_user(self, request: web.Request) -> web.Response:
        wish = await _wish(request, UserWish)
        user_id = wish.id
        if user_id is None:
            user_id = next(number for number in self._user_ids if number not in self._world.users)
        if user_id <= 0:
            raise ControlError("a user's id is positive")
        user = User(**{**wish.model_dump(), "id": user_id})
        self._world.users[user.id] = user
        return web.json_response(asdict(user))

    async def _make_group(self, request: web.Request) -> web.Response:
        wish = await _wish(request, GroupWish)
        if wish.kind is ChatKind.PRIVATE:
            raise ControlError("a group is not private")
        members = [self._world.user(user_id).id for user_id in wish.members]
        group = self._bot(request).found_group(wish.title, members, kind=wish.kind)
        group.bot_admin = wish.bot_admin
        return web.json_response(chat_snapshot(group))

    async def _send(self, request: web.Request) -> web.Response:
        said = await read_body(request.headers, request.content, limit=LARGEST)
        wish = _checked(SendWish, said.values)
        sent = await self._people.send(
            self._place(request, wish.chat_id),
            text=wish.text,
            captions=wish.captions,
            attachments=[
                Attachment(kind=wish.kind, data=upload.data, name=upload.name, mime=wish.mime or upload.mime)
                for _, upload in said.files
            ],
            reply_to=wish.reply_to,
            forwarded=wish.forwarded,
        )
        return web.json_response({"ids": [message.id for message in sent]})

    async def _press(self, request: web.Request) -> web.Response:
        wish = await _wish(request, PressWish)
        place = self._place(request, wish.chat_id)
        query_id = self._people.press(place, wish.message_id, wish.data, unchecked=wish.unchecked)
        return web.json_response({"query_id": query_id})

    async def _pay(self, request: web.Request) -> web.Response:
        wish = await _wish(request, PayWish)
        charge = await self._cashier.pay(self._place(request, wish.chat_id), wish.message_id)
        return web.json_response({"charge_id": charge})

    async def _edit(self, request: web.Request) -> web.Response:
        wish = await _wish(request, EditWish)
        self._people.edit(self._place(request, wish.chat_id), int(request.match_info["message"]), wish.text)
        return web.json_response({})

    async def _delete(self, request: web.Request) -> web.Response:
        chat_id = request.query.get("chat")
        place = self._place(request, None if chat_id is None else int(chat_id))
        self._people.delete(place, int(request.match_info["message"]))
        return web.json_response({})

    async def _speak(self, request: web.Request) -> web.Response:
        wish = await _wish(request, LanguageWish)
        self._people.speak(int(request.match_info["user"]), wish.language)
        return web.json_response({})

    async def _block(self, request: web.Request) -> web.Response:
        self._people.block(self._place(request, None), blocked=True)
        return web.json_response({})

    async def _unblock(self, request: web.Request) -> web.Response:
        self._people.block(self._place(request, None), blocked=False)
        return web.json_response({})

    async def _chat(self, request: web.Request) -> web.Response:
        conversation = self._world.conversation(self._bot(request), int(request.match_info["chat"]))
        await _news(request, conversation.pulse)
        return web.json_response(chat_snapshot(conversation))

    async def _file(self, request: web.Request) -> web.Response:
        file = self._world.file(request.match_info["file_id"])
        return web.Response(body=file.data, content_type="application/octet-stream")

    async def _calls(self, request: web.Request) -> web.Response:
        await _news(request, self._world.calls.pulse)
        method, bot_id = request.query.get("method", "").lower(), request.query.get("bot")
        since = int(request.query.get("since", "0"))
        calls = [
            asdict(call)
            for call in self._world.calls
            if call.number > since and method in ("", call.method.lower()) and bot_id in (None, str(call.bot_id))
        ]
        return web.json_response({"version": self._world.calls.pulse.count, "calls": calls})

    async def _update(self, request: web.Request) -> web.Response:
        update = await request.json()
        if not isinstance(update, dict) or len(update) != 1:
            raise ControlError("an update is an object with one field; its id is given here")
        (kind, payload) = update.popitem()
        return web.json_response({"update_id": self._bot(request).updates.force(kind, payload)})

    async def _set_up(self, request: web.Request) -> web.Response:
        wish = await _wish(request, BotWish)
        bot = self._bot(request)
        bot.reads_all = bot.reads_all if wish.reads_all is None else wish.reads_all
        bot.old_api = bot.old_api if wish.old_api is None else wish.old_api
        return web.json_response({})

    async def _armed(self, _request: web.Request) -> web.Response:
        return web.json_response([asdict(fault) for fault in self._world.faults.armed])

    async def _arm(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not isinstance(body, dict) or "fault" not in body:
            raise ControlError('a fault is named by "fault"')
        self._world.faults.arm(Fault.parse({"kind": body.pop("fault"), **body}))
        return web.json_response({})

    async def _clear(self, _request: web.Request) -> web.Response:
        self._world.faults.clear()
        return web.json_response({})

    async def _rates(self, _request: web.Request) -> web.Response:
        return web.json_response(asdict(self._world.limits.rates))

    async def _limit(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            self._world.limits.rates = replace(self._world.limits.rates, **body)
        except TypeError as error:
            raise ControlError(f"no such limit: {error}") from None
        return web.json_response(asdict(self._world.limits.rates))

    def _bot(self, request: web.Request) -> Bot:
        bot_id = request.query.get("bot")
        return self._world.bot(None if bot_id is None else int(bot_id))

    def _place(self, request: web.Request, chat_id: int | None) -> Place:
        return self._people.place(
            bot_id=self._bot(request).me.id, user_id=int(request.match_info["user"]), chat_id=chat_id
        )


def _bot_view(bot: Bot) -> dict[str, Any]:
    return {
        "id": bot.me.id,
        "username": bot.me.username,
        "claimed": bot.claimed,
        "online": bot.online,
        "polling": bot.poll is not None,
        "webhook": bot.webhook.url if bot.webhook else None,
        "pending": len(bot.updates),
        "chats": list(bot.conversations),
    }


async def _news(request: web.Request, pulse: Pulse) -> None:
    """Wait until there is something after what `?after=` names, for at most `?wait=` seconds."""
    if "after" not in request.query:
        return
    wait = min(float(request.query.get("wait", LONGEST_WAIT)), LONGEST_WAIT)
    try:
        async with asyncio.timeout(wait):
            await pulse.after(int(request.query["after"]))
    except TimeoutError:
        return


async def _wish(request: web.Request, kind: Callable[..., Any]) -> Any:
    try:
        body = await request.json()
    except ValueError:
        raise ControlError("the body is no JSON") from None
    return _checked(kind, body)


def _checked(kind: Callable[..., Any], values: object) -> Any:
    if not isinstance(values, dict):
        raise ControlError("the body is no JSON object")
    try:
        return kind(**values)
    except (ValidationError, TypeError) as error:
        raise ControlError(str(error)) from None
