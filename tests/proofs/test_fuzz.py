"""A short run of the proof `fuzz`, of a fixed seed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from proofs.fuzz.run import fuzz_pictures, fuzz_updates
from qwenedit_decoder.limits import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_each_odd_update_is_answered_or_rightly_ignored(runner: asyncio.Runner, redis_url: str) -> None:
    outcomes = fuzz_updates(runner, redis_url, count=80, seed=1, albums=False, shrink=False)
    answered = [outcomes[f"{kind} message", "answered"] for kind in ("typed", "mutated")]
    assert min(answered) > 1
    assert sum(answered) > 10


def test_each_odd_picture_is_taken_or_refused_in_words(runner: asyncio.Runner, redis_url: str) -> None:
    outcomes = fuzz_pictures(runner, redis_url, count=30, seed=1, shrink=False)
    assert {"taken", f"refused: {Refusal.DAMAGED}"} <= {outcome for _kind, outcome in outcomes}
