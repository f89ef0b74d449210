"""Marks results as edited by AI, at the one place through which every result leaves the product.

A mark must not withhold an answer: where one cannot be made, the result goes out with the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs.marks.errors import MarkError, UnmarkableError
from qwenedit_jobs.marks.manifest import PRODUCT
from qwenedit_jobs.marks.xmp import marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs.marks.manifest import Signer

AT_ONCE = 4_000_000
"""Bytes that are copied within 2 ms: larger results, and all that are signed, are marked in a thread."""
VISIBLE, XMP, C2PA = "visible", "xmp", "c2pa"

log = structlog.get_logger(__name__)


class Marks:
    """Marks results.

    Args:
        version: Of the product, which the marks name.
        signer: Signs C2PA manifests with the operator's key; None where there is none.
        visible: Results get a sign in their corner as well.
        count: Called with a mark's name, and whether it was made.
    """

    def __init__(
        self,
        *,
        version: str,
        signer: Signer | None = None,
        visible: bool = False,
        count: Callable[[str, bool], None] = lambda _mark, _made: None,
    ) -> None:
        self._tool = f"{PRODUCT} {version}"
        self._signer = signer
        self._count = count
        self.visible = visible
        self.copies = 2 if signer is None else 3
        """Of a result that are in memory at most while it is marked."""

    async def mark(self, data: bytes) -> bytes:
        """Return a result with what programs read: XMP, and a signed manifest where there is a key."""
        if self._signer is None and len(data) <= AT_ONCE:
            return self._mark(data)
        return await asyncio.to_thread(self._mark, data)

    def note_visible(self, *, made: bool) -> None:
        """Note whether a result got the sign in its corner."""
        self._note(VISIBLE, None if made else "too much to draw")

    def _mark(self, data: bytes) -> bytes:
        try:
            data = marked(data, tool=self._tool)
        except UnmarkableError as error:
            self._note(XMP, str(error))
            return data
        self._note(XMP, None)
        return data if self._signer is None else self._signed(data, self._signer)

    def _signed(self, data: bytes, signer: Signer) -> bytes:
        try:
            data = signer.sign(data)
        except MarkError as error:
            self._note(C2PA, str(error))
        except Exception as error:  # noqa: BLE001 - see above: whatever the library raises
            self._note(C2PA, type(error).__name__)
        else:
            self._note(C2PA, None)
        return data

    def _note(self, mark: str, problem: str | None) -> None:
        self._count(mark, problem is None)
        if problem is not None:
            log.error("mark.missing", mark=mark, error=problem)
