"""The requests of the control API, parsed into types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from telegram_simulator.common.errors import ControlError
from telegram_simulator.messages.contents import ContentKind  # noqa: TC001 - pydantic reads it at run time
from telegram_simulator.messages.model import ChatKind, MediaKind, OriginKind, Standing
from telegram_simulator.people.senders import Guise

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.world import World


class _Request(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class UserRequest(_Request):
    """A person to be made or changed; without an id a new one is found."""

    id: int | None = None
    first_name: str = "Ann"
    last_name: str | None = None
    username: str | None = None
    language: str | None = "en"
    is_bot: bool = False


class GroupRequest(_Request):
    """A group to be made."""

    title: str
    members: tuple[int, ...]
    kind: ChatKind = ChatKind.SUPERGROUP
    bot_admin: bool = False


class SendRequest(_Request):
    """What a person sends; the files come beside it, each of the kind at its place in `kinds`, or of the first."""

    chat_id: int | None = None
    text: str = ""
    captions: Json[list[str]] = Field(default_factory=list)
    kinds: Json[list[MediaKind]] = Field(default_factory=lambda: [MediaKind.PHOTO], min_length=1)
    mime: str | None = None
    reply_to: int | None = None
    forwarded: OriginKind | None = None
    guise: Guise = Guise.SELF
    via_bot: str | None = None
    keyboard: str | None = None


class ShareRequest(_Request):
    """What a person sends that has no file, or a service message that they cause."""

    chat_id: int | None = None
    kind: ContentKind
    reply_to: int | None = None
    forwarded: OriginKind | None = None
    guise: Guise = Guise.SELF


class FloodRequest(_Request):
    """Many texts at once; each says its number where the text says `{number}`."""

    chat_id: int | None = None
    count: int = Field(ge=1, le=10_000)
    text: str
    forwarded: OriginKind | None = None


class ForwardRequest(_Request):
    """A message that a person sends again: of the chat `from_chat_id`, to the chat `chat_id`."""

    chat_id: int | None = None
    from_chat_id: int | None = None
    message_id: int


class PressRequest(_Request):
    """A button that a person presses."""

    chat_id: int | None = None
    message_id: int
    data: str
    unchecked: bool = False
    inaccessible: bool = False


class PayRequest(_Request):
    """An invoice that a person pays."""

    chat_id: int | None = None
    message_id: int


class EditRequest(_Request):
    """New words for a person's own message."""

    chat_id: int | None = None
    text: str


class LanguageRequest(_Request):
    """The language of a person's client."""

    language: str


class BotRequest(_Request):
    """How a bot is set up with BotFather."""

    secret: str | None = Field(None, pattern=r"^[\w-]{1,64}$")
    reads_all: bool | None = None


class MigrationRequest(_Request):
    """A basic group that becomes a supergroup."""

    edits: bool = False


class RightsRequest(_Request):
    """What the bot is, or may do, in a group; what is not named stays as it is."""

    standing: Standing | None = None
    forbidden: tuple[str, ...] | None = None
    topic_closed: bool | None = None


def named_bot(world: World, request: web.Request) -> Bot:
    """Return the bot that a request means: that of `?bot=ID`, else the newest.

    Raises:
        NoSuchThingError: There is none of that id.
    """
    bot_id = request.query.get("bot")
    return world.bot(None if bot_id is None else int(bot_id))


async def read_request(request: web.Request, kind: Callable[..., Any]) -> Any:
    """Read a body of JSON as a wish of a kind.

    Raises:
        ControlError: It is none.
    """
    try:
        body = await request.json()
    except ValueError:
        raise ControlError("the body is no JSON") from None
    return checked(kind, body)


def checked(kind: Callable[..., Any], values: object) -> Any:
    """Return values as a wish of a kind.

    Raises:
        ControlError: They are none.
    """
    if not isinstance(values, dict):
        raise ControlError("the body is no JSON object")
    try:
        return kind(**values)
    except (ValidationError, TypeError) as error:
        raise ControlError(str(error)) from None
