"""What a user has said in a chat and not yet got: the pictures and words that wait, and the jobs asked for last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import structlog
from pydantic import TypeAdapter, ValidationError

from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.pictures.sources import Attachment, StoredPicture  # noqa: TC001 - read by pydantic

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

DRAFT_TTL = 86_400
"""Seconds for which a draft is kept after its user's last word."""
MOST_JOBS = 10
"""Jobs of a chat that a draft remembers."""

How: TypeAlias = Literal["each", "together", ""]
"""How several photos are used: a picture of each, or one picture of them all; empty if nobody has said so."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that words may be about."""

    source: Attachment | StoredPicture
    message_id: int
    """Id of the message that shows it."""
    job: str = ""
    """The job whose result it is; empty for a user's photo."""


@dataclass(frozen=True, slots=True)
class Late:
    """Words about jobs that have begun: the user is asked whether to begin anew."""

    words: str
    words_in: int
    """Id of the message that has them."""
    jobs: tuple[str, ...]
    shown: int = 0
    """Id of the message that asks."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Words that may be a wish: the user is asked."""

    words: str
    words_in: int
    """Id of the message that has them."""
    at: int
    """When they came, in seconds since the epoch."""
    event: str = ""
    """The event that brought them: “yes” and “no” are about them until another one."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that waits in a chat for one user. `step` alone decides how it changes."""

    pictures: tuple[Picture, ...] = ()
    """Pictures that were sent last and aren't a job's yet, or the one that “undo” went back to."""
    shown: int = 0
    """Id of the message under which they stand: the bot's question about them."""
    asked: str = ""
    """What that message asks, until it's answered."""
    at: int = 0
    """When the photos came, in seconds since the epoch; photos within seconds of each other are an album."""
    words: str = ""
    """Words that wait for a picture, for an answer to the bot's question, or until the user has a picture left."""
    words_in: int = 0
    """Id of the message that had the last words."""
    words_at: int = 0
    """When they came; words within seconds of each other are one wish."""
    late: Late | None = None
    doubtful: Doubtful | None = None
    preset: str = ""
    """Id of the preset that waits for photos."""
    how: How = ""
    jobs: tuple[str, ...] = ()
    """The newest jobs asked for, oldest first."""
    handled: str = ""
    """The last event that is part of this draft; if it's handled again, nothing changes."""


EMPTY = Draft()
_FORM = TypeAdapter(Draft)


class Drafts:
    """The drafts of all users, one for each chat and user."""

    personal_data = (
        PersonalData(
            what="a photo that waits for its instruction, as Telegram's id of the file; words that wait for a photo or "
            "an answer; the ids of the newest jobs",
            keys=("draft",),
            seconds=DRAFT_TTL,
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
        await self._redis.set(self._keys.draft(chat_id, user_id), written, ex=DRAFT_TTL)
