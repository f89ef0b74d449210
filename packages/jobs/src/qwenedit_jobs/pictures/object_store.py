"""Stores the pictures of jobs as objects in a bucket or a folder, by the library obstore."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from qwenedit_jobs import durations
from qwenedit_jobs.errors import (
    PictureExpiredError,
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
    PictureTooLargeError,
)
from qwenedit_jobs.picture_refs import MAX_BYTES, is_job, object_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

    Objects: TypeAlias = AzureStore | GCSStore | LocalStore | S3Store
    OnCall: TypeAlias = Callable[[str, str, float], None]

SLOWEST = 64_000
"""Bytes a second that a picture is to have beyond: 1.5 MB take 38 s at most."""
CHECK = "check"
"""Name of the object of one byte by which services find out at their start what they may do."""
_MISSING = re.compile(r"NoSuchKey|BlobNotFound|specified blob does not exist|[Nn]o such object|\(os error 2\)")
"""What stores say of an object that isn't there. Any other 404 is a wrong bucket, or an ingress without a store."""


class ObjectPictureStore:
    """Pictures in a bucket or a folder. The reference is the object's name, in the folder of its job.

    Args:
        url: Its address, for messages.
        objects: The library's store.
        on_call: Told of each call: put, get, delete or list; how it ended (ok, missing, refused, unavailable); seconds.
    """

    in_redis = False

    def __init__(self, url: str, objects: Objects, *, on_call: OnCall = lambda *_: None) -> None:
        self.url = url
        self._objects = objects
        self._on_call = on_call

    async def put(self, ref: str, data: bytes) -> None:
        """Store a picture atomically."""
        await self._put(object_of(ref), data)

    async def get(self, ref: str, size: int | None = None) -> bytes:
        """Return a picture; see `PictureStore`."""
        name = object_of(ref)
        size = await self.size(ref) if size is None else size
        async with self._picture(ref, size=size):
            return bytes(await self._objects.get_range_async(name, start=0, length=size))

    async def deposit(self, ref: str, data: bytes) -> bytes:
        """Put a result into the bucket; Redis keeps nothing of it."""
        await self.put(ref, data)
        return b""

    async def size(self, ref: str) -> int:
        """Return a picture's bytes; see `PictureStore`."""
        name = object_of(ref)
        async with self._picture(ref):
            # Not HEAD: its 404 has no body that tells a missing object from a missing store.
            reply = await self._objects.get_async(name, options={"range": (0, 1)})
        size = int(reply.meta["size"])
        if size > MAX_BYTES:
            raise PictureTooLargeError(ref, size=size, most=MAX_BYTES)
        return size

    async def holds(self, *refs: str) -> bool:
        """Whether all of these pictures are there now."""
        try:
            for ref in refs:
                await self.size(ref)
        except PictureExpiredError:
            return False
        return True

    async def delete(self, *refs: str) -> None:
        """Delete pictures; those that are not there are no error."""
        for ref in refs:
            await self._delete(object_of(ref))

    async def delete_photos(self, job_id: str) -> None:
        """Delete the photos of a job that is done."""
        if is_job(job_id):
            await self._empty(f"{job_id}/in")

    async def erase(self, job_id: str, *refs: str) -> None:  # noqa: ARG002 - elsewhere they are needed
        """Delete every object that was ever uploaded for a job."""
        if is_job(job_id):
            await self._empty(job_id)

    async def check(self, *, deletes: bool) -> None:
        """Find out by a tiny object whether a service may do there what it's for; see `PictureStore`."""
        await self._put(CHECK, b"x")
        with suppress(FileNotFoundError):  # another service that starts now has deleted it: that's an answer, too
            async with self._call("get"):
                await self._objects.get_async(CHECK)
        if deletes:
            await self._empty(CHECK)
            await self._delete(CHECK)

    async def _put(self, name: str, data: bytes) -> None:
        async with self._call("put", size=len(data)):
            await self._objects.put_async(name, data, use_multipart=False)

    async def _empty(self, folder: str) -> None:
        async with self._call("list"):
            names = [each["path"] async for page in self._objects.list_async(prefix=folder) for each in page]
        for name in names:
            await self._delete(name)

    async def _delete(self, name: str) -> None:
        try:
            async with self._call("delete"):
                await self._objects.delete_async(name)
        except FileNotFoundError:
            return

    @asynccontextmanager
    async def _picture(self, ref: str, *, size: int = 0) -> AsyncIterator[None]:
        try:
            async with self._call("get", size=size):
                yield
        except FileNotFoundError:
            raise PictureExpiredError(ref) from None

    @asynccontextmanager
    async def _call(self, operation: str, *, size: int = 0) -> AsyncIterator[None]:
        """Bound a call in time, and translate the library's errors; a missing object stays a `FileNotFoundError`."""
        started, outcome = time.monotonic(), "unavailable"
        try:
            async with asyncio.timeout(durations.OBJECT_CALL + size / SLOWEST):
                yield
            outcome = "ok"
        except TimeoutError:
            waited = time.monotonic() - started
            raise PictureStoreUnavailableError(self._said(operation, f"no reply within {waited:.0f} s")) from None
        except FileNotFoundError as error:
            outcome = "missing" if _MISSING.search(str(error)) else "refused"
            if outcome == "missing":
                raise
            raise PictureStoreRefusedError(self._said(operation, str(error))) from error
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            outcome = "refused"
            raise PictureStoreRefusedError(self._said(operation, str(error))) from error
        except (BaseError, OSError, ValueError) as error:
            raise PictureStoreUnavailableError(self._said(operation, str(error))) from error
        finally:
            self._on_call(operation, outcome, time.monotonic() - started)

    def _said(self, operation: str, why: str) -> str:
        message, _, cause = why.partition("Debug source")
        if "ProxyAuthRequired" in cause:
            message = "the proxy answers 407: check HTTPS_PROXY, with user and password"
        return f"PICTURES_URL is {self.url}: {operation} failed: {message.strip()[:300]}"
