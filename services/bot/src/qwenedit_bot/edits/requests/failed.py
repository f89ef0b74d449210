"""Which requests of an update have failed: they may have been charged and announced, and are still no job."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.edits.requests.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenedit_bot.edits.requests.job_ids import JobIds

_failed: ContextVar[list[Request] | None] = ContextVar("failed", default=None)


@contextmanager
def failed_requests() -> Iterator[list[Request]]:
    """Collect the requests that fail inside the block."""
    found: list[Request] = []
    token = _failed.set(found)
    try:
        yield found
    finally:
        _failed.reset(token)


@contextmanager
def collected_on_failure(request: Request) -> Iterator[None]:
    """Count a request as failed when the block raises an error."""
    try:
        yield
    except Exception:
        failed = _failed.get()
        if failed is not None and request not in failed:
            failed.append(request)
        raise


def as_data(request: Request) -> list[int | str]:
    """Return as data for JSON what is needed to give a request up."""
    return [request.to.chat_id, request.to.message_id, request.to.discriminator, request.user_id]


def of_data(data: Sequence[int | str], ids: JobIds) -> Request:
    """Return a stand-in for a request: with its job, its user and its answer, and nothing else."""
    chat_id, message_id, discriminator, user_id = data
    source = Source(int(chat_id), int(message_id))
    return Request(ids, source, int(user_id), (), instruction="", discriminator=str(discriminator))
