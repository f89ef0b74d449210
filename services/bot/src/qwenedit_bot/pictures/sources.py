"""Sources of pictures: a user's file at Telegram, or an earlier result in the store. Both can be serialized."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Self

from pydantic import TypeAdapter

from qwenedit_decoder.limits import MAX_BYTES
from qwenedit_jobs import input_ref

if TYPE_CHECKING:
    from qwenedit_jobs import Job


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture that Telegram keeps."""

    file_id: str
    size: int | None
    """Bytes, if Telegram says so."""
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
    """Telegram's copy, for when the store no longer has it."""


_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".hif", ".avif", ".gif")
_PICTURES: TypeAdapter[list[Attachment | StoredPicture]] = TypeAdapter(list[Attachment | StoredPicture])
_COPIES: TypeAdapter[list[Attachment | None]] = TypeAdapter(list[Attachment | None])


def is_picture(name: str | None, mime: str | None) -> bool:
    """Return whether a file counts as a picture, by its name or its type."""
    return (mime or "").startswith("image/") or (name or "").lower().endswith(_EXTENSIONS)


def photos_of(job: Job) -> tuple[StoredPicture, ...]:
    """Return a job's own photos by name, ignoring its payload: a worker may write to that."""
    return tuple(StoredPicture(input_ref(job.id, number)) for number in range(len(job.edit.pictures)))


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a job's pictures came from."""

    pictures: tuple[Attachment | StoredPicture, ...] = ()
    shown: tuple[tuple[int, str], ...] = ()
    """The id of the message that showed each, and the job whose result it was, if it was one."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse what `text` wrote; empty if another version or another program wrote it."""
        try:
            data = json.loads(text)
            pictures, copies = _PICTURES.validate_python(data["pictures"]), _COPIES.validate_python(data["copies"])
            with_copies = tuple(
                replace(picture, copy=copy) if isinstance(picture, StoredPicture) else picture
                for picture, copy in zip(pictures, copies, strict=True)
            )
            shown = tuple((int(message), str(job)) for message, job in data.get("shown", ()))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):  # a worker may write what it likes
            return cls()
        return cls(with_copies, shown if len(shown) == len(pictures) else ())

    def text(self) -> str:
        """Serialize it for a job's hash. Earlier versions know pictures without copies."""
        pictures = [asdict(picture) for picture in self.pictures]
        copies = [fields.pop("copy", None) for fields in pictures]
        written = {"pictures": pictures, "copies": copies, "shown": self.shown}
        return json.dumps(written, separators=(",", ":"))
