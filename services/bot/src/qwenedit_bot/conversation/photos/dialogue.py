"""What the bot waits for in a chat: an instruction for photos it has, or photos for an edit that was chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from aiogram.fsm.state import State, StatesGroup

from qwenedit_bot.common.retention import KeyPattern, PersonalData
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.pictures.sources import as_data, of_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aiogram.fsm.context import FSMContext
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture

DIALOGUE_TTL = 3600
"""Seconds that pictures wait for their instruction."""


class Dialogue(StatesGroup):
    """What the bot waits for."""

    instruction = State()
    preset_photos = State()
    words = State()


class Dialogues:
    """The dialogues of all users, as aiogram keeps them.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
    """

    personal_data = (
        PersonalData(
            what="a photo that waits for its instruction, as Telegram's id of the file; words that wait for a photo",
            keys=("dialogue_prefix",),
            seconds=DIALOGUE_TTL,
            told="waiting",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys

    def key_patterns(self, user_id: int) -> tuple[KeyPattern, ...]:
        """Return the names of a user's dialogues."""
        return (KeyPattern(f"{self._keys.dialogue_prefix}:*:{user_id}:*"),)

    async def forget_found(self, _user_id: int, keys: Sequence[str]) -> None:
        """End a user's dialogues, in the private chat and in groups."""
        if keys:
            await self._redis.unlink(*keys)


async def wait_for_instruction(
    state: FSMContext,
    pictures: Iterable[Attachment | StoredPicture],
    *,
    about: int | None = None,
    messages: Sequence[int] = (),
    asked: PresetOrWords | None = None,
    at: int | None = None,
) -> None:
    """Let the user's next text be the instruction for these pictures.

    Args:
        state: The user's, in this chat.
        pictures: In their order.
        about: Id of the message that the bot's question replies to.
        messages: Ids of the messages that brought the pictures.
        asked: What the user is asked to choose from, where the pictures came with words while a preset waited.
        at: When the pictures were sent, in seconds since the epoch, where others may join them.
    """
    await state.set_state(Dialogue.instruction)
    more: dict[str, Any] = {"asked": asked.as_data()} if asked is not None else {}
    more |= {"at": at} if at is not None else {}
    await state.set_data({**as_data(pictures), "about": about, "brought": list(messages), **more})


async def waiting_pictures(state: FSMContext, *, about: int | None = None) -> tuple[Attachment | StoredPicture, ...]:
    """Return the pictures that wait for their instruction; none once they have waited too long.

    Args:
        state: The user's, in this chat.
        about: Only those about which a question was asked in reply to this message.
    """
    data = await state.get_data()
    if "preset" in data or (about is not None and data.get("about") != about):
        return ()
    return of_data(data)


async def about_of_waiting(state: FSMContext) -> int | None:
    """Return the id of the message with the pictures that wait for their instruction; None where none wait."""
    if not await waiting_pictures(state):
        return None
    about: int | None = (await state.get_data()).get("about")
    return about


async def replace_waiting(state: FSMContext, message_id: int, picture: Attachment) -> bool:
    """Let the picture that a message has now wait in place of the one that it brought; False where none of it waits."""
    data = await state.get_data()
    pictures, brought = of_data(data), data.get("brought") or data.get("messages", ())
    if message_id not in brought:
        return False
    if len(brought) == len(pictures):
        new = [picture if brought[place] == message_id else each for place, each in enumerate(pictures)]
        await state.update_data(**as_data(new))
    return True


async def forget_taken(state: FSMContext, outcomes: Sequence[RequestOutcome], *, each: bool) -> None:
    """Forget the pictures that have their jobs; those that were not taken now go on waiting.

    Args:
        state: The user's, in this chat.
        outcomes: What became of the requests for the pictures that wait.
        each: There was one for each picture, in their order.
    """
    left = [place for place, outcome in enumerate(outcomes) if outcome is RequestOutcome.NOT_NOW]
    if not left:
        await state.clear()
    elif each:
        data = await state.get_data()
        pictures, brought = of_data(data), data.get("brought", ())
        messages = [brought[place] for place in left] if len(brought) == len(pictures) else []
        await state.update_data(**as_data(pictures[place] for place in left), brought=messages)


async def messages_of_waiting(state: FSMContext) -> tuple[int, ...]:
    """Return the ids of the messages that brought the pictures that wait, where they are known."""
    return tuple((await state.get_data()).get("brought", ()))


@dataclass(frozen=True, slots=True)
class PresetOrWords:
    """Photos came with an instruction while a preset waited for them: the user is asked which of both counts."""

    preset: str
    earlier: tuple[Attachment | StoredPicture, ...]
    """Photos that the preset had before."""
    words: str

    def as_data(self) -> dict[str, Any]:
        """Return it as data for JSON."""
        return {**as_data(self.earlier), "preset": self.preset, "words": self.words}

    async def keep(self, state: FSMContext) -> None:
        """Change what the user is asked, about the same photos."""
        await state.update_data(asked=self.as_data())

    @classmethod
    async def kept(cls, state: FSMContext, *, about: int | None) -> Self | None:
        """Return what was asked in reply to a message; None once the user has gone on or has waited too long."""
        data = await state.get_data()
        asked = data.get("asked")
        if asked is None or data.get("about") != about:
            return None
        return cls(asked["preset"], of_data(asked), asked["words"])


@dataclass(frozen=True, slots=True)
class PresetPhotos:
    """A preset that waits for more photos."""

    preset: str
    pictures: tuple[Attachment | StoredPicture, ...]
    messages: tuple[int, ...] = ()
    """Ids of the messages that brought them since the preset was chosen."""

    def with_more(self, pictures: Sequence[Attachment], message_id: int) -> Self:
        """Add the pictures of a message or of an album, once however often it is handled."""
        if message_id in self.messages:
            return self
        return replace(self, pictures=(*self.pictures, *pictures), messages=(*self.messages, message_id))

    async def keep(self, state: FSMContext) -> None:
        """Let the user's next photos be for this preset."""
        await state.set_state(Dialogue.preset_photos)
        await state.set_data({**as_data(self.pictures), "preset": self.preset, "messages": self.messages})

    @classmethod
    async def kept(cls, state: FSMContext) -> Self | None:
        """Return what waits; None once it has waited too long."""
        data = await state.get_data()
        if "preset" not in data:
            return None
        return cls(data["preset"], of_data(data), tuple(data["messages"]))
