"""Parses `PICTURES_URL`, the address of the picture store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self, cast, get_args

IN_REDIS = "redis:"
"""The default: pictures are in Redis, with nothing to set up."""
Scheme = Literal["s3", "gs", "az", "file"]

_PLACE = re.compile(r"(?P<scheme>[a-z0-9+.-]+)://(?P<bucket>[^/]*)(?P<prefix>/.*)?")
_FORMS = "redis:, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER"


@dataclass(frozen=True, slots=True)
class Address:
    """The address of an object store."""

    scheme: Scheme
    bucket: str
    """Empty for a folder."""
    prefix: str
    """Without a slash at either end; a folder's whole path."""

    @classmethod
    def parse(cls, url: str) -> Self | None:
        """Parse an address; None if pictures are in Redis.

        Raises:
            ValueError: it's invalid; the message says why and which forms are valid.
        """
        if url.rstrip("/") == IN_REDIS:
            return None
        match = _PLACE.fullmatch(url)
        if match is None or match["scheme"] not in get_args(Scheme):
            raise ValueError(f"must be {_FORMS}")
        if "@" in match["bucket"]:
            raise ValueError("must have no credentials in it: they have variables of their own, such as AWS_*")
        if len(url) > 300 or re.search(r"[\s?#]", url):
            raise ValueError("must be at most 300 characters, without blanks, ? and #")
        prefix = (match["prefix"] or "").strip("/")
        if any(part in {"", ".", ".."} for part in prefix.split("/")) and prefix:
            raise ValueError("must have no empty part, . or .. in its path")
        scheme = cast("Scheme", match["scheme"])
        if scheme == "file":
            if match["bucket"] or not prefix:
                raise ValueError("must be file:///FOLDER, with three slashes and a whole path")
        elif not match["bucket"]:
            raise ValueError(f"names no bucket: must be {scheme}://BUCKET/PREFIX")
        return cls(scheme, match["bucket"], prefix)

    def __str__(self) -> str:
        """Return the address."""
        path = f"/{self.prefix}" if self.prefix else ""
        return f"{self.scheme}://{self.bucket}{path}"
