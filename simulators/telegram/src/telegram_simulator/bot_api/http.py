"""The Bot API over HTTP (https://core.telegram.org/bots/api#making-requests)."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from telegram_simulator.bot_api.downloads import send_file
from telegram_simulator.bot_api.methods import Call, handler_of
from telegram_simulator.bot_api.methods.sending import MAX_DOWNLOAD
from telegram_simulator.bot_api.parameters import typed
from telegram_simulator.bot_api.request_body import RequestBody, read_body
from telegram_simulator.bot_api.webhook import Webhooks
from telegram_simulator.common.errors import ApiError, TooManyRequestsError
from telegram_simulator.messages.keyboards import buttons_of
from telegram_simulator.world.faults import FILE, Fault, FaultKind

if TYPE_CHECKING:
    from telegram_simulator.common.tasks import Tasks
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.world import World

TOKEN = re.compile(r"(?P<id>[1-9]\d{0,16}):(?P<secret>[\w-]{1,64})", re.ASCII)
WAITING = frozenset({"getupdates"})
"""Methods that end when their caller hangs up; any other is carried through."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What is answered; without a status the connection is cut instead."""

    status: int
    body: dict[str, Any] | None = None
    html: str | None = None


_IN_PART = frozenset({FaultKind.CUT, FaultKind.THROTTLE})
"""What befalls a file on its way."""
_CUT = CallOutcome(0)
_BAD_GATEWAY = CallOutcome(502, html="<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")


class BotApi:
    """Answers calls and downloads.

    Args:
        world: What they are about.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: Tasks
        self.webhooks = Webhooks()

    def routes(self, tasks: Tasks) -> list[web.RouteDef]:
        """Return the routes; `tasks` carries calls through."""
        self._tasks = tasks
        return [
            web.route("*", "/bot{token}/{method}", self._call),
            web.get("/file/bot{token}/{path:.+}", self._download),
            web.route("*", "/bot{rest:.*}", self._nowhere),
        ]

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            bot = self._bot(request)
            said = await read_body(request)
        except ApiError as error:
            return await self._respond(request, _refusal(error))
        if method.lower() in WAITING:
            return await self._respond(request, await self._perform(bot, method, said))
        task = self._tasks.start(self._perform(bot, method, said))
        return await self._respond(request, await asyncio.shield(task))

    async def _perform(self, bot: Bot, method: str, said: RequestBody) -> CallOutcome:
        """Carry a call out, with whatever befalls it."""
        chat_id = bot.chat_of(said.values)
        came = time.time()
        fault = self._world.faults.take(method, chat_id=chat_id)
        if fault is None or fault.kind in (FaultKind.CUT, FaultKind.SLOW):
            outcome = await self._carry_out(bot, method, said)
            came = time.time()
            if fault is not None and outcome.status == HTTPStatus.TOO_MANY_REQUESTS:
                self._world.faults.give_back(fault)
                fault = None
        else:
            outcome = await _failure(fault)
        if fault is not None and fault.kind is FaultKind.CUT:
            outcome = _CUT
        self._log(bot, method, said, at=came, chat_id=chat_id, fault=fault, outcome=outcome)
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        return outcome

    async def _carry_out(self, bot: Bot, name: str, said: RequestBody) -> CallOutcome:
        try:
            kind, handler = handler_of(name)
            method = typed(kind, said)
            buttons = buttons_of(getattr(method, "reply_markup", None))
            call = Call(self._world, bot, method, said.uploads, buttons, self.webhooks)
            result = await handler(call)
        except ApiError as error:
            return _refusal(error)
        except Exception:
            log.exception("%s failed in the simulator", name)
            return CallOutcome(500, {"ok": False, "error_code": 500, "description": "Internal Server Error"})
        return CallOutcome(200, {"ok": True, "result": result})

    def _bot(self, request: web.Request) -> Bot:
        """Return the bot of a request's token.

        Raises:
            ApiError: It has not the form of a token. Telegram's server alone would call it "Unauthorized: invalid
                token specified" (telegram-bot-api, `ClientManager.cpp`); what stands before it in public does not know
                the address.
            ApiError: It is not the bot's, as after it was revoked.
        """
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            raise ApiError(code=404)
        return self._world.bots.named(int(token["id"]), token["secret"])

    async def _download(self, request: web.Request) -> web.StreamResponse:
        try:
            bot = self._bot(request)
        except ApiError as error:
            return await self._respond(request, _refusal(error))
        file = bot.files.at(request.match_info["path"])
        if file is None or file.size > MAX_DOWNLOAD:
            return await self._respond(request, _refusal(ApiError(code=404)))
        fault = self._world.faults.take(FILE, chat_id=file.chat_id)
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.kind not in _IN_PART:
            return await self._respond(request, await _failure(fault))
        return await send_file(request, file, fault)

    async def _nowhere(self, request: web.Request) -> web.StreamResponse:
        return await self._respond(request, _refusal(ApiError(code=404)))

    async def _respond(self, request: web.Request, outcome: CallOutcome) -> web.StreamResponse:
        if outcome.status == 0:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # goes nowhere
        if outcome.html is not None:
            return web.Response(text=outcome.html, content_type="text/html", status=outcome.status)
        headers = {}
        retry_after = (outcome.body or {}).get("parameters", {}).get("retry_after")
        if retry_after:
            headers["Retry-After"] = str(retry_after)
        return web.json_response(outcome.body, status=outcome.status, headers=headers)

    def _log(  # by name
        self,
        bot: Bot,
        method: str,
        said: RequestBody,
        *,
        at: float,
        chat_id: int | None,
        fault: Fault | None,
        outcome: CallOutcome,
    ) -> None:
        description = str((outcome.body or {}).get("description", ""))
        self._world.calls.add(
            at=at,
            bot_id=bot.me.id,
            method=method,
            chat_id=chat_id,
            status=outcome.status,
            description=description,
            fault=fault.kind.value if fault else None,
            parameters=said.values | {name: len(upload.data) for name, upload in said.uploads.items()},
        )
        if outcome.status != web.HTTPOk.status_code:
            log.info("%s: %s", method, description or outcome.status or "connection cut")


async def _failure(fault: Fault) -> CallOutcome:
    """Return how a call fails before it has had any effect."""
    match fault.kind:
        case FaultKind.REFUSAL:
            return _refusal(ApiError(fault.description))
        case FaultKind.TOO_MANY_REQUESTS:
            return _refusal(TooManyRequestsError(fault.retry_after))
        case FaultKind.SERVER_ERROR:
            return CallOutcome(500, {"ok": False, "error_code": 500, "description": "Internal Server Error"})
        case FaultKind.BAD_GATEWAY:
            return _BAD_GATEWAY
        case FaultKind.UNAUTHORIZED:
            return _refusal(ApiError(code=401))
        case FaultKind.TIMEOUT:
            await asyncio.sleep(fault.seconds)
    return _CUT


def _refusal(error: ApiError) -> CallOutcome:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": str(error)}
    if error.parameters:
        body["parameters"] = error.parameters
    return CallOutcome(error.code, body)
