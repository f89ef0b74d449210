"""Finds the files that a call names: attached to it, or sent before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import InputMediaDocument, InputMediaPhoto

from telegram_simulator.common.errors import ApiError
from telegram_simulator.files import media
from telegram_simulator.messages.model import Media, MediaKind

if TYPE_CHECKING:
    from telegram_simulator.bot_api.methods.registry import Call

_ATTACHED = "attach://"


async def media_of(call: Call[Any], kind: MediaKind, reference: object, *, missing: str) -> Media:
    """Return what a reference stands for.

    Args:
        call: Brings the files that are attached.
        kind: As what it is to be sent.
        reference: `attach://NAME` or the id of a file.
        missing: What is said where nothing of that name is attached.

    Raises:
        ApiError: Nothing is there, or it cannot be sent as that.
    """
    reference = str(reference)
    if reference.startswith(_ATTACHED):
        upload = call.uploads.get(reference.removeprefix(_ATTACHED))
        if upload is None:
            raise ApiError(missing)
        if kind is MediaKind.PHOTO:
            return await media.photo(call.bot.files, upload.data)
        return media.other(call.bot.files, kind, upload.data, name=upload.name, mime=upload.mime)
    if reference.startswith(("http://", "https://")):
        raise ApiError("failed to get HTTP URL content")  # the simulator fetches nothing from elsewhere
    known = call.bot.files.media(reference)
    if known is None:
        raise ApiError("wrong file identifier/HTTP URL specified")
    if known.kind is not kind:
        raise ApiError(f"can't use file of type {known.kind.value.title()} as {kind.value.title()}")
    return known


async def input_media_of(call: Call[Any], item: object) -> Media:
    """Return what an InputMedia stands for.

    Raises:
        ApiError: As `media_of`, or it is neither a photo nor a document.
    """
    if not isinstance(item, InputMediaPhoto | InputMediaDocument):
        raise ApiError(f"the simulator does not have {type(item).__name__}", code=501)
    kind = MediaKind.PHOTO if isinstance(item, InputMediaPhoto) else MediaKind.DOCUMENT
    return await media_of(call, kind, item.media, missing="can't parse InputMedia: media not found")
