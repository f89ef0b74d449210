"""Short runs of the proof `restarts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proofs.restarts import crashes, restarts, rollouts, system_and_worker

if TYPE_CHECKING:
    from pathlib import Path


async def test_rollouts_lose_no_update_and_answer_none_twice(tmp_path: Path) -> None:
    async with system_and_worker(tmp_path) as system:
        figures = await rollouts(system, count=2, users=6)
    print(figures)  # noqa: T201 - the figures
    assert figures.bots == 4
    assert figures.photos > 0
    assert figures.good


async def test_restarts_lose_no_message_and_kills_show_no_picture_twice(tmp_path: Path) -> None:
    async with system_and_worker(tmp_path) as system:
        stopped = await restarts(system, count=2, users=6)
        killed = await crashes(system, count=2, users=6)
    print(stopped, killed, sep="\n")  # noqa: T201 - the figures
    assert (stopped.bots, stopped.killed) == (2, 0)
    assert (killed.bots, killed.killed) == (2, 2)
    assert min(stopped.messages, killed.messages) > 0
    assert stopped.good
    assert killed.good
