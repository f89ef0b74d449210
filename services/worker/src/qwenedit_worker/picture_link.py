"""Finds out at the start whether the store of objects takes results."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureStoreError, PictureStoreRefusedError
from qwenedit_jobs.backoff import Backoff
from qwenedit_worker.common.errors import QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs.pictures.bucket import Bucket
    from qwenedit_jobs.pictures.cleanup import Cleanup

log = structlog.get_logger(__name__)


async def pictures_refused(bucket: Bucket | None, *, cleanup: Cleanup, then: Callable[[], None]) -> bool:
    """Whether the store refuses what a worker is for, put and get; asked until it answers.

    Args:
        bucket: The store; None: pictures lie in Redis.
        cleanup: Has the bot delete what a worker may not.
        then: Called if so.
    """
    backoff = Backoff()
    while bucket is not None:
        try:
            await cleanup.leave(await bucket.check(deletes=False))
        except QueueUnavailableError:
            await asyncio.sleep(backoff.next())
        except PictureStoreRefusedError as error:
            log.critical("pictures.refused", error=str(error))
            then()
            return True
        except PictureStoreError as error:
            log.warning("pictures.unavailable", error=str(error))
            await asyncio.sleep(backoff.next())
        else:
            log.info("pictures.checked", store=bucket.url)
            return False
    return False
