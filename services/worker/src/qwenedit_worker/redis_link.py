"""Watches whether Redis answers, and translates its errors into the worker's own."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

import structlog
from redis.exceptions import NoPermissionError, ReadOnlyError, RedisError, ResponseError

from qwenedit_jobs import StorageFullError, durations
from qwenedit_telemetry import HEALTHY, Health
from qwenedit_worker.common.errors import QueueForbiddenError, QueueStorageFullError, QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


log = structlog.get_logger(__name__)


class RedisLink:
    """Knows whether Redis answers, and logs each change of that, and once a minute that it doesn't.

    Args:
        on_change: Told of each change.
    """

    def __init__(self, on_change: Callable[[bool], None] = lambda _up: None) -> None:
        self._up: bool | None = None
        self._error = "no call has come to something yet"
        self._on_change = on_change
        self._logged_at: dict[str, float] = {}

    def health(self) -> Health:
        """Return whether the last call succeeded; a worker writes every few seconds, also while it waits."""
        return HEALTHY if self._up else Health.failing(f"Redis doesn't answer: {self._error}")

    @contextmanager
    def translating_errors(self) -> Iterator[None]:
        """Turn Redis' errors into `QueueUnavailableError`."""
        try:
            yield
        except StorageFullError as error:
            self._refused(str(error))
            raise QueueStorageFullError(str(error)) from error
        except NoPermissionError as error:
            self._refused(str(error))
            raise QueueForbiddenError(str(error)) from error
        except ResponseError as error:
            if isinstance(error, ReadOnlyError) or str(error).startswith(("MISCONF", "NOREPLICAS")):
                self._become(up=False, error=str(error))
            self._refused(str(error))
            raise QueueUnavailableError(str(error)) from error
        except (RedisError, OSError) as error:
            self._become(up=False, error=str(error) or type(error).__name__)
            raise QueueUnavailableError(str(error)) from error
        self._become(up=True)

    def _become(self, *, up: bool, error: str = "") -> None:
        self._error = error
        if not up and self._due("unreachable"):
            log.warning("redis.unreachable", error=error)
        if self._up is up:
            return
        if up:
            log.info("redis.reachable")
            self._logged_at.pop("unreachable", None)
        self._up = up
        self._on_change(up)

    def _refused(self, why: str) -> None:
        """Log what a Redis that is there does not do: it is full, say."""
        if self._due(why.partition(" ")[0]):
            log.error("redis.refused", error=why)

    def _due(self, what: str) -> bool:
        """Whether to log something that lasts, which is once in `durations.LOG`."""
        now = time.monotonic()
        due = now - self._logged_at.get(what, -durations.LOG) >= durations.LOG
        if due:
            self._logged_at[what] = now
        return due


T = TypeVar("T")


def translate_errors(target: T, link: RedisLink) -> T:
    """Return a `Leases`, `PictureStore` or `Workers` whose calls raise `QueueUnavailableError` for Redis' errors.

    Every call may then be repeated with the same arguments.
    """
    return cast("T", _ErrorTranslator(target, link))


class _ErrorTranslator:
    def __init__(self, target: object, link: RedisLink) -> None:
        self._target = target
        self._link = link

    def __getattr__(self, name: str) -> object:
        call = getattr(self._target, name)
        if not callable(call):
            return call

        async def call_translated(*args: object, **named: object) -> object:
            with self._link.translating_errors():
                return await call(*args, **named)

        return call_translated
