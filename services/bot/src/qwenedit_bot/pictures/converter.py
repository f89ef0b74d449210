"""Converts pictures of users to what workers take, and results to what Telegram takes."""

from __future__ import annotations

from pydantic import TypeAdapter

from qwenedit_bot.pictures.decoder import Decoder
from qwenedit_decoder.answers import (
    HEAVY,
    LIGHT,
    LOOK,
    Look,
    Normalised,
    Photo,
    PictureRefusedError,
    Refusal,
    ResultLook,
)

_LOOK, _NORMALISED = TypeAdapter(Look), TypeAdapter(Normalised)
_RESULT_LOOK, _PHOTO = TypeAdapter(ResultLook), TypeAdapter(Photo)
"""Check what a process says: a picture may have taken it over."""


class Converter:
    """Converts pictures. The bot's own process opens none. To be closed.

    Args:
        tool: Name and version of the product, which the marks in results name.
    """

    def __init__(self, *, tool: str) -> None:
        self._tool = tool
        self._decoder = Decoder()

    async def aclose(self) -> None:
        """End the processes."""
        self._decoder.close()

    async def normalise(self, data: bytes, *, photo: bool) -> Normalised:
        """Turn a user's picture into one that every worker can read.

        Args:
            data: The picture.
            photo: It was sent as a photo, which Telegram encodes anew; otherwise as a file.

        Raises:
            PictureRefusedError: it is no picture that we take, or it takes too much to open.
            LaterError: there is no process for it now.
        """
        look = await self._decoder.ask(_LOOK, "look at photo" if photo else "look at file", data, LOOK)
        if look.ready:
            return Normalised(data, look.width, look.height, look.width * look.height)
        return await self._decoder.ask(_NORMALISED, "normalise", data, HEAVY if look.heavy else LIGHT)

    def check_heavy(self) -> None:
        """Send away whoever is about to read a picture that may be heavy, while there is another one.

        Raises:
            LaterError: there is.
        """
        self._decoder.check_heavy()

    async def look_at_result(self, data: bytes) -> ResultLook:
        """Check a result, and find its mark.

        Raises:
            PictureRefusedError: it is neither PNG nor JPEG.
            LaterError: there is no process for it now.
        """
        return await self._decoder.ask(_RESULT_LOOK, "look at result", data, LOOK, tool=self._tool)

    async def make_photo(self, data: bytes, *, heavy: bool) -> bytes | None:
        """Turn a result into a photo that sendPhoto takes; None where that takes too much, or only a file can carry it.

        Raises:
            PictureRefusedError: the result is no picture.
            LaterError: there is no process for it now.
        """
        try:
            photo = await self._decoder.ask(_PHOTO, "make photo", data, HEAVY if heavy else LIGHT, tool=self._tool)
        except PictureRefusedError as error:
            if error.why is Refusal.TOO_HEAVY:
                return None
            raise
        return photo.data or None
