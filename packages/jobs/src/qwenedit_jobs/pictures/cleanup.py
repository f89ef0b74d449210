"""Deletes the objects of pictures that are gone: those that scripts have dropped, and those that nobody refers to."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import structlog

from qwenedit_jobs.errors import PictureStoreFullError
from qwenedit_jobs.pictures.ownership import take_address
from qwenedit_jobs.pictures.receipts import LONGEST, Receipt, is_upload, ref_of
from qwenedit_jobs.queue.queue import UPLOAD_TTL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.pictures.bucket import Bucket

BATCH = 500
"""Objects that are deleted in one call."""
SWEEP_EVERY = 3_600
"""Seconds between two searches for objects without a receipt."""
YOUNGEST = timedelta(seconds=UPLOAD_TTL)
"""Age from which an object without a receipt is nobody's: what accepts it, a job or its end, has come by then."""
SKEW = timedelta(minutes=15)
"""Between our clock and the store's; requests with more are refused."""
DROPPED, ORPHANED = "dropped", "orphaned"

log = structlog.get_logger(__name__)


class Cleanup:
    """Deletes objects. An object whose deletion fails stays in the set.

    Args:
        redis: A client that does not decode replies; it has the receipts, and the list of dropped objects.
        keys: The installation's key names.
        bucket: Has the objects; None: pictures lie in Redis, and a list from before is only put aside.
        youngest: Age from which an object without a receipt is nobody's.
        on_deleted: Told how many objects went, and why.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        bucket: Bucket | None,
        *,
        youngest: timedelta = YOUNGEST,
        on_deleted: Callable[[str, int], None] = lambda _why, _count: None,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._bucket = bucket
        self._youngest = youngest
        self._on_deleted = on_deleted

    async def leave(self, name: str) -> None:
        """Note an object to be deleted, for a service that may not do so itself."""
        if self._bucket is not None:
            await self._redis.sadd(self._keys.dropped_objects, f"{self._bucket.url} {name}")

    async def waiting(self) -> int:
        """Return how many objects are to be deleted."""
        return int(await self._redis.scard(self._keys.dropped_objects))

    async def delete_dropped(self) -> None:
        """Delete what scripts have dropped, all of it.

        Raises:
            PictureStoreUnavailableError: the store did not do it; they stay in the list.
        """
        while entries := await self._some_dropped():
            ours, others = self._by_store(entries)
            if others:
                remedy = "they are not deleted: empty that store, or let its lifecycle rule do so"
                store = others[0].partition(b" ")[0].decode(errors="replace")
                log.warning("pictures.left_elsewhere", objects=len(others), store=store, remedy=remedy)
            told = [entry.partition(b" ")[2].decode(errors="replace") for entry in ours]
            names = [name for name in told if is_upload(name)]
            if strange := len(told) - len(names):
                log.warning("pictures.no_objects", entries=strange, key=self._keys.dropped_objects)
            if self._bucket is not None and names:
                gone = sorted(set(names) - await self._referred_to(names))
                await self._bucket.delete(gone)
                self._on_deleted(DROPPED, len(gone))
            await self._redis.srem(self._keys.dropped_objects, *entries)

    async def _some_dropped(self) -> list[bytes]:
        return cast("list[bytes]", await self._redis.srandmember(self._keys.dropped_objects, BATCH))

    def _by_store(self, entries: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Part the objects of our store from those of a store that was used before."""
        start = f"{self._bucket.url} ".encode() if self._bucket is not None else b"-"
        ours, others = list[bytes](), list[bytes]()
        for entry in entries:
            (ours if entry.startswith(start) else others).append(entry)
        return ours, others

    async def sweep(self, installation: str) -> None:
        """Delete the objects that no receipt names, once in `SWEEP_EVERY` seconds, whoever calls how often.

        Args:
            installation: Whose objects these are; see `ownership`.

        Raises:
            PictureStoreRefusedError: they are another installation's. Nothing was deleted.
            PictureStoreUnavailableError: the store did not do it; the next call begins anew.
        """
        if self._bucket is None or not await self._redis.set(self._keys.swept, 1, nx=True, ex=SWEEP_EVERY):
            return
        try:
            await take_address(self._bucket, installation)
            deleted = await self._sweep(self._bucket)
        except BaseException:
            await self._redis.delete(self._keys.swept)
            raise
        log.info("pictures.swept", deleted=deleted, store=self._bucket.url)

    async def _sweep(self, bucket: Bucket) -> int:
        until, deleted = await self._oldest_upload(bucket), 0
        async for page in bucket.listing():
            old = [found.name for found in page if found.modified < until and is_upload(found.name)]
            orphans = sorted(set(old) - await self._referred_to(old))
            for start in range(0, len(orphans), BATCH):
                await bucket.delete(orphans[start : start + BATCH])
            self._on_deleted(ORPHANED, len(orphans))
            deleted += len(orphans)
        return deleted

    async def _oldest_upload(self, bucket: Bucket) -> datetime:
        """Return when an upload began that may still be referred to, by the store's own clock."""
        name = f"sweep/{secrets.token_hex(8)}"
        try:
            await bucket.put(name, b"x")
        except PictureStoreFullError:  # what is deleted here makes room
            return datetime.now(UTC) - self._youngest - SKEW
        times = [found.modified async for page in bucket.listing(name.partition("/")[0]) for found in page]
        await bucket.delete([name])
        return max(times) - self._youngest

    async def _referred_to(self, names: Sequence[str]) -> set[str]:
        """Return those of the objects whose receipts Redis has, or gets in this moment with a job's end."""
        pipeline = self._redis.pipeline(transaction=False)
        for name in names:
            for key in (self._keys.picture(ref_of(name)), f"{self._keys.picture(ref_of(name))}:sent"):
                pipeline.getrange(key, 0, LONGEST - 1)
        receipts = (Receipt.read(kept) for kept in await pipeline.execute()) if names else ()
        return {receipt.name for receipt in receipts if receipt is not None}
