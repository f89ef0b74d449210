"""Photos that come one after the other and not as an album: all of them wait for one instruction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from qwenedit_bot.conversation.photos.dialogue import Dialogue
from qwenedit_bot.pictures.sources import as_data, of_data
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.fsm.context import FSMContext

    from qwenedit_bot.pictures.sources import Attachment, StoredPicture

TOGETHER, EACH = "together", "each"
"""How several photos are used: for one picture, or for a picture of each."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Photos that wait for an instruction, with what was said of them so far."""

    pictures: tuple[Attachment | StoredPicture, ...]
    messages: tuple[int, ...]
    """Ids of the messages that brought them."""
    about: int
    """Id of the message that the bot's last question replies to."""
    at: int
    """When the last one was sent, in seconds since the epoch."""
    how: str = ""
    """`TOGETHER` or `EACH`; empty until the user has chosen. An album is together."""
    words: str = ""
    """The instruction, while the user has not said how."""
    said_in: int = 0
    """Id of the message with the instruction; 0 while there is none."""
    left_out: bool = False
    """More photos came than can be taken."""

    def with_more(
        self, pictures: Sequence[Attachment], messages: Sequence[int], *, at: int, about: int, words: str
    ) -> Self:
        """Add photos, once however often their message is handled; those beyond what a job takes are left out."""
        grown = replace(self, at=at, about=about)
        if words:
            grown = replace(grown, words=words, said_in=messages[0])
        if messages[0] in self.messages:
            return grown
        if len(self.pictures) + len(pictures) > MAX_PICTURES:
            return replace(grown, left_out=True)
        return replace(
            grown, pictures=(*self.pictures, *pictures), messages=(*self.messages, *messages), how="", left_out=False
        )

    def without(self, message_id: int) -> Self:
        """Leave out the photo that a message brought."""
        left = [pair for pair in zip(self.pictures, self.messages, strict=True) if pair[1] != message_id]
        return replace(self, pictures=tuple(each for each, _ in left), messages=tuple(number for _, number in left))

    async def keep(self, state: FSMContext) -> None:
        """Let the user's next text be about these photos."""
        more: dict[str, Any] = {"at": self.at, "how": self.how, "words": self.words, "said_in": self.said_in}
        await state.set_state(Dialogue.instruction)
        await state.set_data({
            **as_data(self.pictures), "about": self.about, "brought": list(self.messages), **more,
            "left_out": self.left_out,
        })  # fmt: skip

    @classmethod
    async def kept(cls, state: FSMContext) -> Self | None:
        """Return the photos that wait, also a single one; None where the bot waits for something else."""
        if await state.get_state() != Dialogue.instruction:
            return None
        data = await state.get_data()
        pictures, messages = of_data(data), tuple(data.get("brought", ()))
        if "at" not in data or "asked" in data or len(messages) != len(pictures):
            return None
        return cls(
            pictures, messages, data["about"], data["at"], how=data.get("how", TOGETHER), words=data.get("words", ""),
            said_in=data.get("said_in", 0), left_out=data.get("left_out", False),
        )  # fmt: skip


async def is_for_each(state: FSMContext) -> bool:
    """Whether the user has said that what follows is for each of the photos that wait."""
    gathered = await Gathered.kept(state)
    return gathered is not None and gathered.how == EACH
