"""What the system before did: an RPOP a second. Only its idleness is measured."""

from __future__ import annotations

import time

from redis import Redis

from benchmarks.peers.queues.driver import REDIS_URL, main, work_sync
from benchmarks.peers.queues.floor import KEY, producer

INTERVAL = 1.0


def consume() -> None:
    """Ask, and sleep, for ever."""
    redis = Redis.from_url(REDIS_URL)
    while True:
        item = redis.rpop(KEY)
        if isinstance(item, bytes):
            job, seconds = item.split()
            work_sync(int(job), float(seconds))
        else:
            time.sleep(INTERVAL)


if __name__ == "__main__":
    main(producer, consume)
