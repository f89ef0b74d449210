"""Finds out at the start whether the store of objects takes results."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureStoreRefusedError, PictureStoreUnavailableError
from qwenedit_jobs.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs import PictureStore

log = structlog.get_logger(__name__)


async def pictures_refused(pictures: PictureStore, *, then: Callable[[], None]) -> bool:
    """Whether the store refuses what a worker is for, put and get; asked until it answers.

    Args:
        pictures: The store.
        then: Called if so.
    """
    backoff = Backoff()
    while True:
        try:
            await pictures.check(deletes=False)
        except PictureStoreRefusedError as error:
            log.critical("pictures.refused", error=str(error))
            then()
            return True
        except PictureStoreUnavailableError as error:
            log.warning("pictures.unavailable", error=str(error))
            await asyncio.sleep(backoff.next())
        else:
            return False
