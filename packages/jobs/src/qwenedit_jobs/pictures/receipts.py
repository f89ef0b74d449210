"""What Redis keeps of a picture that lies in a store of objects: where it is, and how to tell that it is whole."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from typing import Self

MAGIC = b"qwenedit-receipt:1 "
"""No format of pictures begins so. `queue/lua/pictures/pictures.lua` knows it as well."""
LONGEST = 1024
"""Bytes. A longer value is a picture itself."""
_FIELDS = 4
_DIGITS = 64
_PART = r"[A-Za-z0-9_-]{1,100}"
_JOB = re.compile(_PART)
_UPLOAD = re.compile(rf"(?:{_PART}/){{1,5}}[0-9a-f]{{16}}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """An object that is a picture."""

    store: str
    """`PICTURES_URL` of the services that have put it there."""
    name: str
    """Of the object, below that address. No two uploads have the same: what is deleted is never a newer one."""
    size: int
    """Bytes."""
    digest: str
    """SHA-256, hexadecimal."""

    @classmethod
    def begun(cls, ref: str, size: int, *, store: str) -> Self:
        """Make the receipt of an upload that is about to begin; it is as long as the final one, and has no digest yet.

        Args:
            ref: Of the picture.
            size: Of the picture.
            store: Where it will lie.
        """
        return cls(store, f"{folder_of(ref)}/{secrets.token_hex(8)}", size, "0" * _DIGITS)

    def with_digest_of(self, data: bytes) -> Self:
        """Return the final receipt. This takes milliseconds, which an event loop does not have."""
        return replace(self, digest=digest_of(data))

    @classmethod
    def read(cls, kept: bytes) -> Self | None:
        """Read what Redis keeps; None where that is a picture itself."""
        if len(kept) > LONGEST or not kept.startswith(MAGIC):
            return None
        fields = kept.removeprefix(MAGIC).decode(errors="replace").split(" ")
        if len(fields) != _FIELDS or not fields[2].isdecimal():
            return None
        store, name, size, digest = fields
        return cls(store, name, int(size), digest)

    @property
    def entry(self) -> str:
        """The object as the list of dropped ones has it."""
        return f"{self.store} {self.name}"

    def vouches_for(self, data: bytes) -> bool:
        """Whether these are the bytes that were put there."""
        return len(data) == self.size and digest_of(data) == self.digest

    def __bytes__(self) -> bytes:
        """Return what Redis keeps."""
        return MAGIC + f"{self.store} {self.name} {self.size} {self.digest}".encode()


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a picture, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def folder_of(ref: str) -> str:
    """Name the folder of a picture's uploads: all of a job's are below the folder of its id."""
    return ref.replace(":", "/")


def ref_of(name: str) -> str:
    """Return the reference of the picture that an object is, or was."""
    return name.rpartition("/")[0].replace("/", ":")


def is_job(job_id: str) -> bool:
    """Whether an id may be a job's, with a folder of its own. That of an empty one would be the folder of all."""
    return _JOB.fullmatch(job_id) is not None


def is_upload(name: str) -> bool:
    """Whether an object's name is one that we give; others are somebody else's, and left alone."""
    return _UPLOAD.fullmatch(name) is not None
