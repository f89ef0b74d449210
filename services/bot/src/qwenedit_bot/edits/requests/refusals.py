"""Refusals of requests: a text for the user and a reason for metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import FileTooBigError
from qwenedit_bot.chat.view import View
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.moderation.hook import ModerationVerdict
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_bot.texts import Text
from qwenedit_decoder.limits import MAX_BYTES, MAX_PIXELS, MAX_RATIO, MEGABYTE, MIN_SIDE, PictureRefusedError, Refusal
from qwenedit_jobs import PictureExpiredError, QueueFullError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_bot.texts import Words

_REFUSED_TYPES = {
    "image/gif": Refusal.ANIMATED,
    "image/svg+xml": Refusal.UNKNOWN,
    "image/tiff": Refusal.UNKNOWN,
    "image/vnd.adobe.photoshop": Refusal.UNKNOWN,
}


class NotAllowedError(Exception):
    """Moderation refuses the instruction."""

    def __init__(self, verdict: ModerationVerdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


def refused_unseen(words: Words, attachments: Sequence[Attachment | StoredPicture]) -> View | None:
    """Return a refusal if a picture's type or size alone shows that it can't be used."""
    for number, attachment in enumerate(attachments, 1):
        if isinstance(attachment, StoredPicture):
            continue
        if attachment.mime in _REFUSED_TYPES:
            view = _refused(words, PictureRefusedError(_REFUSED_TYPES[attachment.mime]))
        elif attachment.size is not None and attachment.size > MAX_BYTES:
            view = _too_big(words, attachment.size)
        else:
            continue
        return _about_one(words, view, number=number, count=len(attachments))
    return None


def refusal_of(
    words: Words, attachments: Sequence[Attachment | StoredPicture], reached: int, error: Exception
) -> tuple[RequestOutcome, str, View]:
    """Return outcome, reason and view of a request refused at the picture `reached`, counted from 1."""
    match error:
        case QueueFullError():
            return RequestOutcome.NOT_NOW, "queue_full", View(words(Text.QUEUE_FULL))
        case StorageFullError():
            return RequestOutcome.NOT_NOW, "storage_full", View(words(Text.STORAGE_FULL))
        case NotAllowedError(verdict=ModerationVerdict.REFUSED):
            return RequestOutcome.REFUSED, "moderation", View(words(Text.MODERATION_REFUSED))
        case NotAllowedError():
            return RequestOutcome.NOT_NOW, "moderation_unavailable", View(words(Text.MODERATION_UNAVAILABLE))
        case PictureExpiredError():
            return RequestOutcome.REFUSED, "picture_expired", View(words(Text.PRESS_EXPIRED))
        case PictureRefusedError():
            reason, view = str(error.why), _refused(words, error)
        case FileTooBigError():
            attachment = attachments[reached - 1]
            size = attachment.size if isinstance(attachment, Attachment) else None
            reason, view = "too_big", _too_big(words, size)
        case _:
            reason, view = "file_unavailable", View(words(Text.FILE_UNAVAILABLE))
    return RequestOutcome.UNREADABLE, reason, _about_one(words, view, number=reached, count=len(attachments))


def _about_one(words: Words, view: View, *, number: int, count: int) -> View:
    """Say which of several pictures is meant."""
    return View(words(Text.ABOUT_PHOTO, number=number, said=view.text)) if count > 1 else view


def _refused(words: Words, error: PictureRefusedError) -> View:
    size = {"width": str(error.width), "height": str(error.height)}
    limits = {"limit": str(MIN_SIDE), "ratio": str(MAX_RATIO), "most": str(MAX_PIXELS // 1_000_000)}
    return View(words(Text.PICTURE_REFUSED, why=error.why, **size, **limits))


def _too_big(words: Words, size: int | None) -> View:
    limit = MAX_BYTES // MEGABYTE
    megabytes = max(limit + 1, round(size / MEGABYTE)) if size is not None else limit + 1
    return View(words(Text.FILE_TOO_BIG, megabytes=megabytes, limit=limit))
