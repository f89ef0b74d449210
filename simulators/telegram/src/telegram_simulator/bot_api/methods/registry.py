"""Which function answers which method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aiogram.methods import TelegramMethod

from telegram_simulator.common.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram_simulator.bot_api.request_body import Upload
    from telegram_simulator.bot_api.webhook import Webhooks
    from telegram_simulator.messages.keyboards import Buttons
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.world import World

M = TypeVar("M", bound=TelegramMethod[Any])
M_co = TypeVar("M_co", bound=TelegramMethod[Any], covariant=True)


@dataclass(frozen=True, slots=True)
class Call(Generic[M_co]):
    """A call that is to be answered.

    Attributes:
        method: Its parameters.
        uploads: The files that came with it, by the names that `attach://` refers to.
        buttons: Those that it brings.
    """

    world: World
    bot: Bot
    method: M_co
    uploads: Mapping[str, Upload]
    buttons: Buttons
    webhooks: Webhooks


Handler = Callable[[Call[M]], Awaitable[Any]]

_handlers: dict[str, tuple[type[TelegramMethod[Any]], Handler[Any]]] = {}
"""By the methods' names in lower case: Telegram minds no case."""


def answers(kind: type[M]) -> Callable[[Handler[M]], Handler[M]]:
    """Register the function below as the one that answers a method."""

    def register(handler: Handler[M]) -> Handler[M]:
        _handlers[kind.__api_method__.lower()] = kind, handler
        return handler

    return register


def handler_of(name: str) -> tuple[type[TelegramMethod[Any]], Handler[Any]]:
    """Return a method's class, and what answers it.

    Raises:
        ApiError: Nothing here does.
    """
    try:
        return _handlers[name.lower()]
    except KeyError:
        raise ApiError(f"the simulator does not have {name}", code=404) from None
