"""`qwenedit verify FILE`: the marks that say that an AI edited a picture."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import BAD_NEWS, Answer, CommandError
from qwenedit_jobs.cli.tables import pairs
from qwenedit_jobs.marks import manifest, xmp
from qwenedit_jobs.marks.errors import LibraryMissingError, UnmarkableError

if TYPE_CHECKING:
    from qwenedit_jobs.marks.manifest import Manifest

HINT = "Telegram removes both from photos; files keep them."


@dataclass(frozen=True, slots=True)
class Verified:
    """What a picture says of itself."""

    source_type: str | None
    """What its XMP has as IPTC's digital source type."""
    edited_by_ai: bool
    """The XMP or a valid manifest says so."""
    manifest: Manifest | None


def verify(file: str) -> Answer:
    """Read a picture's marks. It is bad news that it has none, or that its manifest does not hold.

    Args:
        file: Its path; `-` is standard input.

    Raises:
        CommandError: it cannot be read, or is neither PNG nor JPEG.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    if not data.startswith((xmp.PNG, xmp.JPEG)):
        raise CommandError(f"{file}: {UnmarkableError()}")
    source, unread = xmp.source_type(data), ""
    try:
        found = manifest.manifest_of(data)
    except LibraryMissingError as error:
        found, unread = None, f"not read: {error}"
    types = {source, *(found.source_types if found is not None and found.valid else ())}
    verified = Verified(source, xmp.EDITED_BY_AI in types, found)
    good = verified.edited_by_ai and (found is None or found.valid)
    lines = [
        ("edited by AI", "yes" if verified.edited_by_ai else "not marked so"),
        ("IPTC (XMP)", source or "none"),
        ("C2PA", unread or _of(found)),
        *(_details(found) if found is not None else ()),
    ]
    text = pairs(lines) if verified.edited_by_ai else f"{pairs(lines)}\n\n{HINT}"
    return Answer(verified, text) if good else Answer(verified, text, BAD_NEWS)


def _of(found: Manifest | None) -> str:
    if found is None:
        return "none"
    if not found.valid:
        return f"does not hold: {', '.join(found.problems)}"
    return "the signature holds" + ("" if found.trusted else "; whether to trust its signer is for you to say")


def _details(found: Manifest) -> list[tuple[str, str]]:
    return [
        ("signed by", found.signer or "unknown"),
        ("made with", found.generator or "unknown"),
        ("actions", ", ".join(found.actions) or "none"),
        ("source type", ", ".join(found.source_types) or "none"),
    ]
