"""The whole bot in this process, with a real Redis and a Telegram that is a list; updates come in by its webhook."""

from __future__ import annotations

import asyncio
import io
import json
import traceback
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import structlog
from aiogram import Bot
from aiogram.methods import AnswerPreCheckoutQuery
from aiogram.types import Message, Update
from aiogram.types.update import UpdateTypeLookupError
from prometheus_client import CollectorRegistry
from pydantic import SecretStr, ValidationError

from local_stack import SIMULATED_TOKEN, free_port
from proofs.fuzz.telegram import BOT, Wire, answers, said_in, shown
from qwenedit_bot.app.main import BotReadiness, run_parts
from qwenedit_bot.app.parts import Connections, Foundation
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.rate_limit import SharedLimiter
from qwenedit_bot.chat.session import CallMiddleware
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.conversation.reading import KINDS as CONTENT
from qwenedit_bot.inbox.webhook import SECRET_HEADER, secret_of
from qwenedit_bot.payments.payments import Pack
from qwenedit_jobs import Intake, RedisPictureStore, connect
from qwenedit_jobs.redis.state_layout import claim_state

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import EventDict, WrappedLogger

ADMIN = 9_999
"""Id of somebody who may give the admin commands."""
PATIENCE = 30.0
"""Seconds until an update counts as never handled."""
FRAMES = 12
"""Lines of a traceback that are told."""
TAKEN = ("text", "photo", *CONTENT)
"""What a private message may be that is to be answered; the rest are Telegram's own service messages."""


class FoundError(AssertionError):
    """Something that the bot could not bear, or left without an answer. Its text tells all."""


@dataclass(slots=True)
class Seen:
    """What came of one update.

    Attributes:
        outcome: In a word or two.
        log: What the bot logged meanwhile.
    """

    outcome: str
    log: list[EventDict] = field(default_factory=list)


class FreePace(SharedLimiter):
    """Lets everything pass."""

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Go on."""

    async def ready(self, chat_id: int, *, edit: bool = False) -> None:
        """Go on."""

    async def try_acquire(self, chat_id: int) -> bool:
        """Go on."""
        del chat_id
        return True

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Nothing is refused here."""


class Harness:
    """The bot, and what is done to it. An async context manager.

    Args:
        redis_url: Of a Redis, which is emptied.
    """

    def __init__(self, redis_url: str) -> None:
        self.wire = Wire()
        self.log: list[EventDict] = []
        self.registry = CollectorRegistry()
        self._redis_url = redis_url
        self._port = free_port()
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()
        self._update_id = 0
        self._message_id = 0
        self._person = 10_000

    async def __aenter__(self) -> Self:
        structlog.configure(processors=[self._note], cache_logger_on_first_use=False)
        self._stack.callback(structlog.reset_defaults)
        asyncio.get_running_loop().set_exception_handler(self._loose)
        settings = self._settings()
        enter = self._stack.enter_async_context
        connections = Connections(
            await enter(connect(settings)),
            await enter(connect(settings, waits=True)),
            await enter(connect(settings, decode=False)),
        )
        await connections.commands.flushdb()
        await claim_state(connections.commands, settings.keys, bot_id=BOT.id)  # as the bot's start does
        self.queue = Intake(connections.commands, settings.keys)
        self.store = RedisPictureStore(connections.raw, settings.keys, ttl=600)
        self._redis = connections.commands
        self._job_keys = settings.keys
        self._keys = BotKeys(prefix=settings.keys.prefix, bot_id=BOT.id)
        metrics, pace = BotMetrics(self.registry), FreePace(self._redis, self._keys)
        self.wire.middleware(CallMiddleware(metrics))
        bot = Bot(settings.bot_token.get_secret_value(), session=self.wire)
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        base = Foundation(
            settings=settings,
            connections=connections,
            keys=self._keys,
            bot=bot,
            me=await bot.me(),
            limiter=pace,
            metrics=metrics,
        )
        readiness = BotReadiness(connections.commands, settings.keys)
        self._running = asyncio.create_task(run_parts(base, readiness, self._stop))
        async with asyncio.timeout(PATIENCE):
            while not (await readiness.check()).ok:
                if self._running.done():
                    await self._running
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        await self._running
        await self._stack.aclose()

    def _settings(self) -> BotSettings:
        return BotSettings(
            redis_url=self._redis_url,
            bot_token=SecretStr(SIMULATED_TOKEN),
            pod_name="fuzz",
            webhook_url=f"http://127.0.0.1:{self._port}/telegram",
            webhook_port=self._port,
            max_unfinished_jobs_per_user=1000,
            max_queue_length=100_000,
            admins=frozenset((ADMIN,)),
            jobs_per_day=10_000,
            star_packs=(Pack(jobs=2, stars=50),),
            pay_support="@owner",
        )

    def _note(self, _logger: WrappedLogger, level: str, event: EventDict) -> str:
        self.log.append({"level": level, **event})
        raise structlog.DropEvent

    def _loose(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        frames = "".join(traceback.format_exception(error)) if error is not None else ""
        self.log.append({"level": "error", "event": "asyncio", "message": context.get("message"), "frames": frames})

    def person(self) -> int:
        """Return the id of somebody whom the bot does not know yet."""
        self._person += 1
        return self._person

    def number(self, update: dict[str, Any]) -> dict[str, Any]:
        """Give an update, and its message or press, the next numbers, as Telegram does."""
        self._update_id += 1
        self._message_id += 1
        update["update_id"] = self._update_id
        message = update.get("message")
        if isinstance(message, dict) and type(message.get("message_id")) is int:
            message["message_id"] = self._message_id
        press = update.get("callback_query")
        if isinstance(press, dict) and isinstance(press.get("id"), str):
            press["id"] = str(self._update_id)
        return update

    async def receive(self, update: dict[str, Any]) -> Seen:
        """Let the bot receive an update, and see what it makes of it.

        Raises:
            FoundError: It could not bear it, or left it without an answer.
        """
        self.log.clear()
        self.wire.calls.clear()
        await self._forget_bursts()
        before, turned_away = self._handled(), self._handled(outcome="stranger")
        url = f"http://127.0.0.1:{self._port}/telegram"
        headers = {SECRET_HEADER: secret_of(SIMULATED_TOKEN, url)}
        async with self._session.post(url, json=update, headers=headers) as response:
            status = response.status
        if status != HTTPStatus.OK:
            raise FoundError(self._told(f"the webhook answered {status}", update))
        try:
            async with asyncio.timeout(PATIENCE):
                while self._handled() == before and not self._running.done():
                    await asyncio.sleep(0.001)
                while await self._redis.hlen(f"{self._keys.updates}:entries") and not self._running.done():
                    await asyncio.sleep(0.001)  # else what is said of its end would be taken for the next one's
        except TimeoutError:
            raise FoundError(self._told("it was not handled", update)) from None
        if self._failed():
            raise FoundError(self._told("the bot could not bear it", update))
        if not self.wire.calls and await self._joined_others(update):
            return Seen("ignored: one of those sent at once", list(self.log))
        of_stranger = self._handled(outcome="stranger") > turned_away
        return Seen(self._judged(update, of_stranger=of_stranger), list(self.log))

    def count(self, name: str, **labels: str) -> float:
        """Read one of the bot's counters."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def counted(self, name: str, label: str) -> dict[str, float]:
        """Read one of the bot's counters by a label."""
        families = self.registry.collect()
        samples = (sample for family in families for sample in family.samples if sample.name == name)
        return {sample.labels[label]: sample.value for sample in samples}

    async def _forget_bursts(self) -> None:
        """Let an update stand alone: equal answers to messages at once are given once, and here all come at once."""
        async for key in self._redis.scan_iter(match=f"{self._keys.prefix}:occasion:*", count=1000):
            if {"thanks", "said"} & set(str(key).split(":")):
                await self._redis.delete(key)

    async def _joined_others(self, update: dict[str, Any]) -> bool:
        """Whether a text or a photo is one of those sent at once, which have their one answer."""
        match update:
            case {"message": {"message_id": int(message), "chat": {"id": int(chat)}, "from": {"id": int(user)}}}:
                kept = await self._redis.get(self._keys.draft(chat, user))
                draft = json.loads(kept) if kept else {}
                text_joined = draft.get("words_in") == message and "\n" in draft.get("words", "")
                others = draft.get("pictures", ())[1:]
                return text_joined or any(picture["message_id"] == message for picture in others)
        return False

    def _handled(self, **labels: str) -> float:
        return sum(
            sample.value
            for family in self.registry.collect()
            if family.name == "qwenedit_bot_updates"
            for sample in family.samples
            if sample.name == "qwenedit_bot_updates_total" and labels.items() <= sample.labels.items()
        )

    def _judged(self, raw: dict[str, Any], *, of_stranger: bool) -> str:
        """Say in a word what came of an update, or that it lacks an answer."""
        if any(event["event"] == "update.unreadable" for event in self.log):
            return "ignored: unreadable" if not self.wire.calls else "answered"
        try:
            update = Update.model_validate(raw)
            kind = update.event_type
        except (ValidationError, UpdateTypeLookupError):
            if of_stranger:  # the bot turns strangers away before it parses what they sent
                return "ignored: of a stranger"
            raise FoundError(self._told("it was taken though it is unreadable", raw)) from None
        if update.callback_query is not None and kind == "callback_query":
            if any(answers(call, update.callback_query.id) for call in self.wire.calls):
                return "answered"
            raise FoundError(self._told("a press was not answered", raw))
        if kind == "pre_checkout_query":
            if any(isinstance(call, AnswerPreCheckoutQuery) for call in self.wire.calls):
                return "answered"
            raise FoundError(self._told("a checkout was not answered", raw))
        if update.message is None or kind != "message":
            return f"ignored: {kind}"
        return self._judged_message(update.message, raw)

    def _judged_message(self, message: Message, raw: dict[str, Any]) -> str:
        if any(said_in(call, message.chat.id) for call in self.wire.calls):
            return "answered"
        if message.chat.type != "private":
            kind = message.chat.type if message.chat.type in ("group", "supergroup", "channel") else "odd chat"
            return f"ignored: {kind}, not called"
        if (actor_of(message) or 0) <= 0:  # no person: asked to write as themselves, now and then
            return "ignored: from nobody"
        if message.content_type not in TAKEN:
            return "ignored: service message"
        raise FoundError(self._told("a private message was not answered", raw))

    def _told(self, what: str, update: dict[str, Any] | None = None) -> str:
        told = io.StringIO()
        print(what if update is None else f"{what}\nupdate: {update!r}", file=told)
        for call in self.wire.calls:
            print("call:", shown(call), file=told)
        for event in self.log:
            frames = "\n".join(str(event.pop("frames", "")).splitlines()[-FRAMES:])
            print("log:", event, frames and "\n" + frames, file=told)
        return told.getvalue()

    async def tidy(self) -> None:
        """Cancel all jobs, so that nothing grows, and let their users be told.

        Raises:
            FoundError: the bot could not bear it.
        """
        self.log.clear()
        self.wire.calls.clear()
        try:
            async with asyncio.timeout(PATIENCE):
                while await self._cancelled() and not self._running.done():
                    await asyncio.sleep(0.001)  # else these answers would be taken for one to the next update
        except TimeoutError:
            raise FoundError(self._told("cancelled jobs were not answered")) from None
        if self._failed():
            raise FoundError(self._told("the bot could not bear to answer cancelled jobs"))

    async def _cancelled(self) -> int:
        """Cancel all jobs; returns how many there were, with answers and requests that wait."""
        ids = await self.queue.unfinished_ids()
        for job_id in ids:
            await self.queue.cancel(job_id)
        waiting = [
            await self._redis.hlen(f"{name}:entries") for name in (self._job_keys.answers, self._job_keys.backlog)
        ]
        return len(ids) + await self._redis.xlen(self._job_keys.events) + sum(waiting)

    def _failed(self) -> bool:
        return self._running.done() or any(event["level"] in ("error", "critical") for event in self.log)
