"""Where pictures come from: a user's file at Telegram, or an earlier result in the store. Both can be written down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from qwenedit_decoder.answers import MAX_BYTES
from qwenedit_jobs import input_ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwenedit_jobs import Job

_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading any text at all as pictures can raise: a worker may write to a job what it likes."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture that Telegram keeps."""

    file_id: str
    size: int | None
    """Bytes, where Telegram says so."""
    mime: str | None
    """Type of a picture sent as a file; None for a photo."""

    @property
    def expected(self) -> int:
        """Bytes that a download may have."""
        return MAX_BYTES if self.size is None else min(self.size, MAX_BYTES)


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture of an earlier job."""

    ref: str
    """In the picture store."""
    copy: Attachment | None = None
    """What Telegram has of it, for when the store has it no more."""


def photos_of(job: Job) -> tuple[StoredPicture, ...]:
    """Return a job's own photos by their names, whatever its payload says: a worker may write to that."""
    return tuple(StoredPicture(input_ref(job.id, number)) for number in range(len(job.edit.pictures)))


def as_data(pictures: Iterable[Attachment | StoredPicture]) -> dict[str, Any]:
    """Return pictures as data for JSON. The release before reads `pictures` alone, and knows no copies."""
    plain, copies = list[dict[str, Any]](), list[dict[str, Any] | None]()
    for picture in pictures:
        fields = asdict(picture)
        copies.append(fields.pop("copy", None))
        plain.append(fields)
    return {"pictures": plain, "copies": copies}


def of_data(data: Mapping[str, Any]) -> tuple[Attachment | StoredPicture, ...]:
    """Return the pictures of such data; none where it names none."""
    pictures: Sequence[dict[str, Any]] = data.get("pictures", ())
    copies = data.get("copies") or [None] * len(pictures)
    return tuple(_picture(fields, copy) for fields, copy in zip(pictures, copies, strict=True))


def _picture(fields: dict[str, Any], copy: dict[str, Any] | None) -> Attachment | StoredPicture:
    if "ref" in fields:
        return StoredPicture(**fields, copy=_attachment(copy) if copy else None)
    return _attachment(fields)


def _attachment(fields: dict[str, Any]) -> Attachment:
    if not isinstance(fields.get("size"), int | None) or not isinstance(fields.get("mime"), str | None):
        raise TypeError("no attachment")
    return Attachment(**fields)


def as_text(pictures: Iterable[Attachment | StoredPicture], shown: Iterable[tuple[int, str]] = ()) -> str:
    """Write down where a job's pictures came from.

    Args:
        pictures: The pictures.
        shown: The id of the message that showed each, and the job whose result it was, if it was one.
    """
    written = {**as_data(pictures), "shown": list(shown)}
    return json.dumps(written, separators=(",", ":"))


def shown_in(text: str) -> list[tuple[int, str]]:
    """Read which messages showed the pictures of `as_text`; none for a job of another release."""
    try:
        found = [(int(message), str(job)) for message, job in json.loads(text).get("shown", ())] if text else []
    except _UNREADABLE:
        return []
    return found if len(found) == len(of_text(text)) else []


def of_text(text: str) -> tuple[Attachment | StoredPicture, ...]:
    """Read what `as_text` wrote; none for a job of the release before, or of a later one that writes it otherwise."""
    try:
        return of_data(json.loads(text)) if text else ()
    except _UNREADABLE:
        return ()
