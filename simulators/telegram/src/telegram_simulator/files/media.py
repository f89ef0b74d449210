"""Making what a message carries out of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram_simulator.common.errors import ApiError
from telegram_simulator.files.photo_sizes import as_photo
from telegram_simulator.messages.model import Media, MediaKind, Rendition

if TYPE_CHECKING:
    from telegram_simulator.files.files import Files

_FOLDERS = {
    MediaKind.DOCUMENT: "documents",
    MediaKind.ANIMATION: "animations",
    MediaKind.STICKER: "stickers",
    MediaKind.VOICE: "voice",
    MediaKind.VIDEO: "videos",
    MediaKind.AUDIO: "music",
    MediaKind.VIDEO_NOTE: "video_notes",
}


async def photo(files: Files, data: bytes, *, of_person_in: int | None = None) -> Media:
    """Make a photo; people's may be larger, since their clients make them smaller.

    Args:
        files: Keeps it.
        data: A picture in some format.
        of_person_in: The chat that a person sends it to; None for a bot's.

    Raises:
        ApiError: Telegram does not take the bytes as a photo.
    """
    _refuse_nothing(data)
    sizes = await as_photo(data, of_bot=of_person_in is None)
    renditions = tuple(
        Rendition(
            file=files.add(scaled.data, folder="photos", mime="image/jpeg", chat_id=of_person_in),
            width=scaled.width,
            height=scaled.height,
        )
        for scaled in sizes
    )
    return Media(kind=MediaKind.PHOTO, file=renditions[-1].file, renditions=renditions)


def other(
    files: Files,
    kind: MediaKind,
    data: bytes,
    *,
    name: str | None,
    mime: str | None = None,
    of_person_in: int | None = None,
) -> Media:
    """Make anything but a photo; the bytes stay as they are.

    Raises:
        ApiError: There are no bytes.
    """
    _refuse_nothing(data)
    file = files.add(data, folder=_FOLDERS[kind], name=name, mime=mime, chat_id=of_person_in)
    return Media(kind=kind, file=file)


def _refuse_nothing(data: bytes) -> None:
    if not data:
        raise ApiError("file must be non-empty")
