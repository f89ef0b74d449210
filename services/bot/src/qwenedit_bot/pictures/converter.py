"""Converts pictures in two child processes: one for ordinary pictures, one for those that take long."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError, PictureCooldownError
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.decoder_process import (
    Answer,
    DecoderDiedError,
    DecoderNotStartedError,
    DecoderProcess,
    Limits,
)
from qwenedit_decoder import child
from qwenedit_decoder.decoding import Normalised, PictureRefusedError, Refusal, TooHeavyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEGABYTE = 1024 * 1024
LIGHT = Limits(cpu=2, memory=192 * MEGABYTE, seconds=30.0, light=True)
HEAVY = Limits(cpu=8, memory=512 * MEGABYTE, seconds=120.0, light=False)
PLACES = 4
"""Pictures that may be on their way to the process for light ones. Each waits for three others at most."""
SHORTEST_REST, LONGEST_REST = 10.0, 600.0
"""Seconds without conversions of a user whose file had to be killed; it doubles with each."""
MOST_RESTING = 1_000
"""Users of whom that is remembered."""
NO_PROCESS = 5.0
"""Seconds until another look at a system that had no process for us."""


class Converter:
    """Converts pictures of users and of workers, bounded in CPU, memory and time. To be closed.

    A picture that is too much for the process for light pictures goes to the other one, which has one at a time. So a
    picture that takes long delays only others that do.

    Args:
        light: Limits of the process for what is done in a moment.
        heavy: Limits of the other one.
        killed: Called when a picture has taken more than those.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        light: Limits = LIGHT,
        heavy: Limits = HEAVY,
        *,
        killed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._light = DecoderProcess(light)
        self._heavy = DecoderProcess(heavy)
        self._killed = killed
        self._clock = clock
        self._places = Budget("conversion", PLACES, most_of_one=1, clock=clock)
        self._heavy_place = Budget("conversion", 1, clock=clock)
        self._resting: dict[int, tuple[float, float]] = {}
        """User → how long their last rest is, and when it ends."""

    @property
    def pids(self) -> list[int]:
        """Of the processes that are there."""
        return [each.pid for each in (self._light, self._heavy) if each.pid is not None]

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for one of the places for light pictures."""
        return self._places.awaited

    async def aclose(self) -> None:
        """End both processes."""
        await self._light.close()
        await self._heavy.close()

    @contextmanager
    def place(self, owner: int, *, heavy: bool = False) -> Iterator[None]:
        """Hold a place for a picture, before it is there.

        Args:
            owner: Of the picture.
            heavy: It is known to need the process for heavy ones.

        Raises:
            LaterError: all are taken.
        """
        with (self._heavy_place if heavy else self._places).taken(owner):
            yield

    def pass_over(self, owner: int) -> None:
        """Let others have the place that an owner was called for: something else that they need is not to be had."""
        self._places.pass_over(owner)

    def check_rest(self, owner: int) -> None:
        """Refuse a user for a while whose file had to be killed a moment ago; their chat is not to wait for that.

        Raises:
            PictureCooldownError: their rest is not over.
        """
        _rest, until = self._resting.get(owner, (0.0, 0.0))
        if until > self._clock():
            raise PictureCooldownError

    async def normalise(self, data: bytes, *, owner: int) -> Normalised:
        """Do `decoding.normalise`; to be called with a place.

        Raises:
            PictureRefusedError: the file is no picture that we take, or takes too much to open.
            LaterError: somebody else's heavy picture is being converted.
        """
        try:
            answer = await self._ask(child.NORMALISE, data, owner)
        except DecoderDiedError:
            self._rest(owner)
            raise PictureRefusedError(Refusal.TOO_HEAVY) from None
        except TooHeavyError:
            raise PictureRefusedError(Refusal.TOO_HEAVY) from None
        about = answer.about
        return Normalised(answer.picture or b"", about["width"], about["height"], about["pixels"])

    async def for_send_photo(self, data: bytes, *, owner: int, heavy: bool = False) -> bytes | None:
        """Do `decoding.for_send_photo`; to be called with a place. None as well where that takes too much.

        Args:
            data: The result.
            owner: Whose it is.
            heavy: The place is one of the process for heavy pictures.

        Raises:
            PictureRefusedError: the result is no picture.
            LaterError: somebody else's heavy picture is being converted.
        """
        try:
            return (await self._ask(child.FOR_SEND_PHOTO, data, owner, heavy=heavy)).picture
        except (DecoderDiedError, TooHeavyError):
            return None

    async def _ask(self, what: bytes, data: bytes, owner: int, *, heavy: bool = False) -> Answer:
        try:
            if heavy:
                return await self._heavy.ask(what, data)
            try:
                return await self._light.ask(what, data)
            except (TooHeavyError, DecoderDiedError):
                with self._heavy_place.taken(owner):
                    return await self._heavy.ask(what, data)
        except DecoderNotStartedError:
            raise LaterError(NO_PROCESS, "conversion") from None
        except DecoderDiedError:
            self._killed()
            raise

    def _rest(self, owner: int) -> None:
        rest, _until = self._resting.pop(owner, (0.0, 0.0))
        rest = min(LONGEST_REST, max(SHORTEST_REST, rest * 2))
        self._resting[owner] = (rest, self._clock() + rest)
        if len(self._resting) > MOST_RESTING:
            del self._resting[next(iter(self._resting))]
