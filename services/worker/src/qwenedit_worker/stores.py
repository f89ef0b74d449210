"""Finds out at the start whether Redis and the store of pictures can be used."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import EvictionPolicyError, PictureStoreRefusedError, PictureStoreUnavailableError, StateTooNewError
from qwenedit_jobs.backoff import Backoff
from qwenedit_jobs.redis.eviction_policy import check_eviction_policy
from qwenedit_jobs.redis.state_layout import check_layout
from qwenedit_worker.common.errors import QueueUnavailableError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs import Keys, PictureStore
    from qwenedit_worker.redis_link import RedisLink

REFUSALS = (EvictionPolicyError, StateTooNewError, PictureStoreRefusedError)
"""Errors that an operator has to mend before a worker can run."""

log = structlog.get_logger(__name__)


async def check_stores(redis: Redis, keys: Keys, pictures: PictureStore, *, link: RedisLink) -> None:
    """Check that Redis keeps what it accepts and that pictures can be put and read; repeat until both answer.

    Args:
        redis: A client.
        keys: The installation's key names.
        pictures: Where pictures lie.
        link: Knows whether Redis is reachable.

    Raises:
        EvictionPolicyError: a full Redis deletes keys.
        StateTooNewError: Redis holds a newer version's state.
        PictureStoreRefusedError: the store of objects refuses the worker's credentials or its bucket.
    """
    backoff = Backoff()
    while True:
        try:
            with link.translating_errors():
                await check_eviction_policy(redis)
                await check_layout(redis, keys)
            await pictures.check(deletes=False)
        except PictureStoreRefusedError:
            raise
        except PictureStoreUnavailableError as error:
            log.warning("pictures.unavailable", error=str(error))
        except QueueUnavailableError:
            pass  # the link logs that
        else:
            return
        await asyncio.sleep(backoff.next())
