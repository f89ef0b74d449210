"""The control API: what tests do to the simulated Telegram, and what they see of it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from aiogram.types import InlineKeyboardMarkup
from aiohttp import web

from telegram_simulator.bot_api.request_body import read_body
from telegram_simulator.common.errors import ControlError, NoSuchThingError
from telegram_simulator.control.requests import (
    BotRequest,
    EditRequest,
    FloodRequest,
    ForwardRequest,
    LanguageRequest,
    PayRequest,
    PressRequest,
    SendRequest,
    ShareRequest,
    UserRequest,
    checked,
    named_bot,
    read_request,
)
from telegram_simulator.control.snapshot import chat_snapshot
from telegram_simulator.messages.keyboards import Buttons, parse_markup
from telegram_simulator.messages.model import User
from telegram_simulator.people.people import Attachment, Manner, Place
from telegram_simulator.world.faults import Fault

if TYPE_CHECKING:
    from telegram_simulator.common.change_signal import ChangeSignal
    from telegram_simulator.people.payments import StarPayments
    from telegram_simulator.people.people import People
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.world import World

LARGEST = 200 << 20
"""Bytes that a person may send in one go: more than a bot can fetch."""
LONGEST_WAIT = 30.0
"""Seconds that a question for something new is held."""
FIRST_USER = 5001


class Control:
    """Serves the control API.

    Args:
        world: What it is about.
        people: Acts.
        cashier: Is paid.
    """

    def __init__(self, world: World, people: People, cashier: StarPayments) -> None:
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
            web.post(f"{user}/messages", self._send),
            web.post(f"{user}/contents", self._share),
            web.post(f"{user}/flood", self._flood),
            web.post(f"{user}/forwards", self._forward),
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
        return web.json_response(_bot_view(named_bot(self._world, request)))

    async def _make_user(self, request: web.Request) -> web.Response:
        wish = await read_request(request, UserRequest)
        user_id = wish.id
        if user_id is None:
            user_id = next(number for number in self._user_ids if number not in self._world.users)
        if user_id <= 0:
            raise ControlError("a user's id is positive")
        user = User(**{**wish.model_dump(), "id": user_id})
        self._world.users[user.id] = user
        return web.json_response(asdict(user))

    async def _send(self, request: web.Request) -> web.Response:
        said = await read_body(request.headers, request.content, limit=LARGEST)
        wish = checked(SendRequest, said.values)
        kinds = [*wish.kinds, *wish.kinds[:1] * len(said.files)]
        sent = await self._people.send(
            self._place(request, wish.chat_id),
            text=wish.text,
            captions=wish.captions,
            attachments=[
                Attachment(kind=kind, data=upload.data, name=upload.name, mime=wish.mime or upload.mime)
                for (_, upload), kind in zip(said.files, kinds, strict=False)
            ],
            manner=Manner(
                reply_to=wish.reply_to,
                forwarded=wish.forwarded,
                guise=wish.guise,
                via_bot=wish.via_bot,
                keyboard=_forged(wish.keyboard),
            ),
        )
        return web.json_response({"ids": [message.id for message in sent]})

    async def _share(self, request: web.Request) -> web.Response:
        wish = await read_request(request, ShareRequest)
        manner = Manner(reply_to=wish.reply_to, forwarded=wish.forwarded, guise=wish.guise)
        sent = self._people.share(self._place(request, wish.chat_id), wish.kind, manner=manner)
        return web.json_response({"ids": [sent.id]})

    async def _flood(self, request: web.Request) -> web.Response:
        wish = await read_request(request, FloodRequest)
        place, manner = self._place(request, wish.chat_id), Manner(forwarded=wish.forwarded)
        texts = (wish.text.replace("{number}", str(number)) for number in range(1, wish.count + 1))
        sent = [message for text in texts for message in await self._people.send(place, text=text, manner=manner)]
        return web.json_response({"ids": [message.id for message in sent]})

    async def _forward(self, request: web.Request) -> web.Response:
        wish = await read_request(request, ForwardRequest)
        message = self._place(request, wish.from_chat_id).conversation.find(wish.message_id)
        if message is None:
            raise NoSuchThingError(f"there is no message {wish.message_id}")
        sent = self._people.forward(self._place(request, wish.chat_id), message)
        return web.json_response({"ids": [sent.id]})

    async def _press(self, request: web.Request) -> web.Response:
        wish = await read_request(request, PressRequest)
        place = self._place(request, wish.chat_id)
        query_id = self._people.press(
            place, wish.message_id, wish.data, unchecked=wish.unchecked, inaccessible=wish.inaccessible
        )
        return web.json_response({"query_id": query_id})

    async def _pay(self, request: web.Request) -> web.Response:
        wish = await read_request(request, PayRequest)
        charge = await self._cashier.pay(self._place(request, wish.chat_id), wish.message_id)
        return web.json_response({"charge_id": charge})

    async def _edit(self, request: web.Request) -> web.Response:
        wish = await read_request(request, EditRequest)
        self._people.edit(self._place(request, wish.chat_id), int(request.match_info["message"]), wish.text)
        return web.json_response({})

    async def _delete(self, request: web.Request) -> web.Response:
        chat_id = request.query.get("chat")
        place = self._place(request, None if chat_id is None else int(chat_id))
        self._people.delete(place, int(request.match_info["message"]))
        return web.json_response({})

    async def _speak(self, request: web.Request) -> web.Response:
        wish = await read_request(request, LanguageRequest)
        self._people.speak(int(request.match_info["user"]), wish.language)
        return web.json_response({})

    async def _block(self, request: web.Request) -> web.Response:
        self._people.block(self._place(request, None), blocked=True)
        return web.json_response({})

    async def _unblock(self, request: web.Request) -> web.Response:
        self._people.block(self._place(request, None), blocked=False)
        return web.json_response({})

    async def _chat(self, request: web.Request) -> web.Response:
        conversation = self._world.conversation(named_bot(self._world, request), int(request.match_info["chat"]))
        await _news(request, conversation.pulse)
        return web.json_response(chat_snapshot(conversation))

    async def _file(self, request: web.Request) -> web.FileResponse:
        file = self._world.file(request.match_info["file_id"])
        return web.FileResponse(file.content, headers={"Content-Type": "application/octet-stream"})

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
        return web.json_response({"update_id": named_bot(self._world, request).updates.force(kind, payload)})

    async def _set_up(self, request: web.Request) -> web.Response:
        wish = await read_request(request, BotRequest)
        bot = named_bot(self._world, request)
        bot.reads_all = bot.reads_all if wish.reads_all is None else wish.reads_all
        bot.secret = bot.secret if wish.secret is None else wish.secret
        return web.json_response({})

    async def _armed(self, _request: web.Request) -> web.Response:
        return web.json_response([fault.model_dump(mode="json") for fault in self._world.faults.armed])

    async def _arm(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not isinstance(body, dict) or "fault" not in body:
            raise ControlError('a fault is named by "fault"')
        self._world.faults.arm(Fault.parse({"kind": body.pop("fault"), **body}))
        return web.json_response({})

    async def _clear(self, request: web.Request) -> web.Response:
        chat_id = request.query.get("chat_id")
        self._world.faults.clear(chat_id=None if chat_id is None else int(chat_id), method=request.query.get("method"))
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

    def _place(self, request: web.Request, chat_id: int | None) -> Place:
        return self._people.place(
            bot_id=named_bot(self._world, request).me.id, user_id=int(request.match_info["user"]), chat_id=chat_id
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


def _forged(keyboard: str | None) -> Buttons | None:
    """Return the buttons that a person's message is to carry."""
    markup = None if keyboard is None else parse_markup(keyboard)
    return Buttons.of(markup.inline_keyboard) if isinstance(markup, InlineKeyboardMarkup) else None


async def _news(request: web.Request, pulse: ChangeSignal) -> None:
    """Wait until there is something after what `?after=` names, for at most `?wait=` seconds."""
    if "after" not in request.query:
        return
    wait = min(float(request.query.get("wait", LONGEST_WAIT)), LONGEST_WAIT)
    try:
        async with asyncio.timeout(wait):
            await pulse.after(int(request.query["after"]))
    except TimeoutError:
        return
