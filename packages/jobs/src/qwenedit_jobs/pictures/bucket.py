"""A store of objects, by the library obstore: time-outs, errors with their causes, and what is counted."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from obstore.exceptions import AlreadyExistsError, BaseError

from qwenedit_jobs.errors import PictureStoreFullError, PictureStoreRefusedError, PictureStoreUnavailableError
from qwenedit_jobs.pictures.refusals import explained, says_missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime

    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

    Objects: TypeAlias = AzureStore | GCSStore | LocalStore | S3Store

PATIENCE = 15.0
"""Seconds that a call may take in any case."""
SLOWEST = 64_000
"""Bytes a second that a picture is to have beyond: 1.5 MB take 38 s at most."""
LISTED_AT_ONCE = 1_000
"""Objects of one page of a listing, which is all that a store tells in one reply."""
CHECKS = "check"
"""Folder of the tiny objects by which a service finds out at its start what it may do."""


class Operation(StrEnum):
    """What a store of objects is asked for."""

    PUT = "put"
    GET = "get"
    DELETE = "delete"
    LIST = "list"


OnCall: TypeAlias = "Callable[[Operation, str, float], None]"
"""Told of each call: what it was, how it ended (ok, missing, refused, full, unavailable), and its seconds."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a listing."""

    name: str
    modified: datetime
    """By the store's clock."""


class Bucket:
    """Puts, gets, deletes and lists objects.

    Every method may raise `PictureStoreUnavailableError`, and its subclass where an operator has to mend something.

    Args:
        url: Its address, for messages and receipts.
        objects: The library's store.
        on_call: Told of each call.
    """

    def __init__(self, url: str, objects: Objects, *, on_call: OnCall = lambda *_: None) -> None:
        self.url = url
        self._objects = objects
        self._on_call = on_call

    async def put(self, name: str, data: bytes) -> None:
        """Put an object there; nobody sees half of one.

        Raises:
            PictureStoreFullError: the store has no room.
        """
        async with self._call(Operation.PUT, size=len(data)):
            await self._objects.put_async(name, data, use_multipart=False)

    async def put_new(self, name: str, data: bytes) -> None:
        """Put an object there unless there is one of that name.

        A store that knows no conditional writes replaces it.

        Raises:
            PictureStoreFullError: the store has no room.
        """
        async with self._call(Operation.PUT, size=len(data)):
            try:
                await self._objects.put_async(name, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, FileExistsError):
                return
            except BaseError as error:
                if not _UNCONDITIONAL.search(str(error)):
                    raise
                await self._objects.put_async(name, data, use_multipart=False)

    async def get(self, name: str, *, size: int) -> bytes | None:
        """Return an object's bytes, or None where there is no such object.

        Args:
            name: The object's.
            size: Bytes that are expected; they decide how long it may take. Further bytes are cut off.
        """
        try:
            async with self._call(Operation.GET, size=size):
                return await self._read(name, size)
        except FileNotFoundError:
            return None

    async def _read(self, name: str, size: int) -> bytes:
        reply = await self._objects.get_async(name)
        if reply.meta["size"] > size:  # somebody else's, of any size: as much of it as tells that is enough
            return bytes(await self._objects.get_range_async(name, start=0, length=size + 1))
        return bytes(await reply.bytes_async())

    async def delete(self, names: Sequence[str]) -> None:
        """Delete objects; those that are not there are no error."""
        if not names:
            return
        try:
            async with self._call(Operation.DELETE):
                await self._objects.delete_async(list(names))
        except FileNotFoundError:  # folders say so, of the first that is not there
            for name in names:
                await self._delete_one(name)

    async def _delete_one(self, name: str) -> None:
        try:
            async with self._call(Operation.DELETE):
                await self._objects.delete_async(name)
        except FileNotFoundError:
            return

    async def listing(self, folder: str = "") -> AsyncIterator[list[Found]]:
        """List the objects below a folder, page by page."""
        pages = aiter(self._objects.list_async(prefix=folder or None, chunk_size=LISTED_AT_ONCE))
        while True:
            try:
                async with self._call(Operation.LIST):
                    page = await anext(pages, None)
            except FileNotFoundError:
                return
            if page is None:
                return
            yield [Found(each["path"], each["last_modified"]) for each in page]

    async def check(self, *, deletes: bool) -> str:
        """Find out whether a service may do there what it is for, by a tiny object.

        Args:
            deletes: Whether it deletes and lists as well. Where it does not, another service is to delete the object.

        Returns:
            The object's name.

        Raises:
            PictureStoreRefusedError: it may not, until an operator has mended something.
        """
        name = f"{CHECKS}/{secrets.token_hex(8)}"
        await self.put(name, b"x")
        if await self.get(name, size=1) is None:
            raise PictureStoreRefusedError(
                f"PICTURES_URL is {self.url}: what was put there is not there; set it to a place that keeps objects"
            )
        if deletes:
            await self.delete([name])
            await anext(aiter(self.listing(CHECKS)), None)
        return name

    @asynccontextmanager
    async def _call(self, operation: Operation, *, size: int = 0) -> AsyncIterator[None]:
        started, seconds = time.monotonic(), PATIENCE + size / SLOWEST
        outcome = "unavailable"
        try:
            async with asyncio.timeout(seconds):
                yield
            outcome = "ok"
        except TimeoutError:
            raise PictureStoreUnavailableError(
                f"PICTURES_URL is {self.url}: {operation} had not ended after {time.monotonic() - started:.0f} s"
            ) from None
        except (BaseError, OSError, ValueError) as error:
            if says_missing(error):
                outcome = "missing"
                raise
            cause = explained(error, url=self.url, operation=operation)
            outcome = _OUTCOMES.get(type(cause), outcome)
            raise cause from error
        finally:
            self._on_call(operation, outcome, time.monotonic() - started)


_UNCONDITIONAL = re.compile(r"NotImplemented|status code: 501")
"""What a store says that knows no conditional writes."""
_OUTCOMES = {PictureStoreRefusedError: "refused", PictureStoreFullError: "full"}
