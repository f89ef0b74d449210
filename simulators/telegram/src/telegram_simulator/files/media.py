"""Making what a message carries out of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram_simulator.common.errors import BadRequestError
from telegram_simulator.files.photo_sizes import Scaled, as_photo, as_thumbnail
from telegram_simulator.messages.model import Media, MediaKind, Rendition

if TYPE_CHECKING:
    from telegram_simulator.files.files import Files

_THUMBNAILED = frozenset({MediaKind.DOCUMENT, MediaKind.ANIMATION, MediaKind.STICKER})
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
        BadRequestError: Telegram does not take the bytes as a photo.
    """
    _refuse_nothing(data)
    sizes = await as_photo(data, of_bot=of_person_in is None)
    renditions = tuple(_rendition(files, scaled, "photos", of_person_in) for scaled in sizes)
    largest = renditions[-1]
    return files.remember(
        Media(
            kind=MediaKind.PHOTO,
            file=largest.file,
            renditions=renditions,
            width=largest.width,
            height=largest.height,
        )
    )


async def other(  # a file has that many properties, by name
    files: Files,
    kind: MediaKind,
    data: bytes,
    *,
    name: str | None,
    mime: str | None = None,
    duration: int = 0,
    of_person_in: int | None = None,
) -> Media:
    """Make anything but a photo; the bytes stay as they are.

    Raises:
        BadRequestError: There are no bytes.
    """
    _refuse_nothing(data)
    file = files.add(data, folder=_FOLDERS[kind], name=name, mime=mime, chat_id=of_person_in)
    thumbnail = await as_thumbnail(data) if kind in _THUMBNAILED else None
    return files.remember(
        Media(
            kind=kind,
            file=file,
            renditions=() if thumbnail is None else (_rendition(files, thumbnail, "thumbnails", of_person_in),),
            width=thumbnail.width if thumbnail else 0,
            height=thumbnail.height if thumbnail else 0,
            duration=duration,
        )
    )


def _rendition(files: Files, scaled: Scaled, folder: str, chat_id: int | None) -> Rendition:
    file = files.add(scaled.data, folder=folder, mime="image/jpeg", chat_id=chat_id)
    return Rendition(file=file, width=scaled.width, height=scaled.height)


def _refuse_nothing(data: bytes) -> None:
    if not data:
        raise BadRequestError("file must be non-empty")
