"""A user's draft in a chat: waiting pictures and text, and the jobs requested last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import structlog
from pydantic import TypeAdapter, ValidationError

from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.pictures.sources import Attachment, StoredPicture  # noqa: TC001 - read by pydantic

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

How: TypeAlias = Literal["each", "together", ""]
"""How several photos are used: each on its own, or all in one picture; empty if unknown."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a text may refer to."""

    source: Attachment | StoredPicture
    message_id: int
    """Id of the message that shows it."""
    job: str = ""
    """The job whose result it is; empty for a user's photo."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that a user asks for."""

    pictures: tuple[Picture, ...]
    reply_to: int
    discriminator: str
    """Distinguishes it from other jobs of the same message."""
    words: str = ""
    preset: str = ""
    like: str = ""
    """The job to repeat with another seed."""
    after: str = ""
    """The job whose result it waits for and edits."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a button does: jobs, and those that they replace."""

    key: str
    """The event that it came from; the button's data has it."""
    wanted: tuple[Wanted, ...]
    cancel: tuple[str, ...] = ()
    words_in: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """What waits in a chat for one user. Only `rules.step` changes it."""

    pictures: tuple[Picture, ...] = ()
    """Pictures without a job, or the one that “undo” returned to."""
    shown: int = 0
    """ID of the bot's question about them."""
    asked: str = ""
    """What that message asks, until it's answered."""
    at: int = 0
    """When the photos came, in seconds since the epoch; photos within seconds of each other are an album."""
    words: str = ""
    """Text that waits for a picture, an answer, or the user's quota."""
    words_in: int = 0
    """ID of the message with the latest text."""
    preset: str = ""
    """Id of the preset that waits for photos."""
    how: How = ""
    jobs: tuple[str, ...] = ()
    """The newest requested jobs, oldest first."""
    offers: tuple[Offer, ...] = ()
    """What the newest buttons would do, such as “Do it anyway” below the reply to a remark."""
    handled: str = ""
    """The last event applied to this draft; repeating it changes nothing."""


EMPTY = Draft()
_FORM = TypeAdapter(Draft)


class Drafts:
    """The drafts of all users, one for each chat and user."""

    personal_data = (
        PersonalData(
            "a photo that waits for its instruction, as Telegram's id of the file; words that wait for a photo or "
            "an answer; the ids of the newest jobs",
            "draft",
            seconds=timeouts.DRAFT,
            told="waiting",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys

    async def read(self, chat_id: int, user_id: int) -> Draft:
        """Return a user's draft in a chat; an empty one if there is none, or another version's."""
        written = await self._redis.get(self._keys.draft(chat_id, user_id))
        try:
            return _FORM.validate_json(written) if written else EMPTY
        except ValidationError as error:
            log.warning("draft.unreadable", problems=error.error_count())
            return EMPTY

    async def write(self, chat_id: int, user_id: int, draft: Draft) -> None:
        """Replace a user's draft in a chat."""
        written = _FORM.dump_json(draft, exclude_defaults=True)
        await self._redis.set(self._keys.draft(chat_id, user_id), written, ex=timeouts.DRAFT)
