"""Recent warnings of bots and workers, for `qwenedit status`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from qwenedit_jobs import durations
from qwenedit_jobs.cli.output import duration, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenedit_jobs.workers.registry import LiveWorker, Trouble

NAMESPACE = os.environ.get("POD_NAMESPACE", "NAMESPACE")
PAGES = (
    (r"^(job\.settled|job\.expired|attempt\.)", ""),  # the status counts jobs that fail
    (r"lease_expired", "QweneditWorkersLost"),
    (r"picturestore|pictures|result_waits", "QweneditPictureStoreFails"),
    (r"^bot\.refused", "QweneditBotDown"),
    (r"moderat", "QweneditModerationFails"),
    (r"misconf|no space", "QweneditRedisDiskFull"),
    (r"outofmemory|storagefull|no_room", "QweneditRedisNearlyFull"),
    (r"(call|redis)\.slow.*(comfyui|redis)", "QweneditAnswersLateFast"),
    (r"comfyui|warm_up", "QweneditNoWorker"),
    (r"redis", "QweneditBotDown"),
    (r"telegram|polling|webhook|download", "QweneditTelegramRejects"),
    (r"set_aside|defect|unreadable", "QweneditSetAside"),
)
"""The runbook for an event and its text; the first match counts."""


def present_troubles(parts: Sequence[LiveWorker], now: float) -> Iterator[str]:
    """Return each part's present troubles, the newest one per runbook."""
    for part in parts:
        told = {page: each for each in part.presence.troubles if now - each.at < _lasts(each) and (page := _page(each))}
        for page, each in sorted(told.items(), key=lambda found: -found[1].at):
            why = f". `kubectl -n {NAMESPACE} describe pod {part.presence.worker}` says if it was OOMKilled"
            yield f"{page}: {_said(part, each, now)}{why if page == 'QweneditNoWorker' else ''}"


def lines(parts: Sequence[LiveWorker], now: float) -> list[str]:
    """Return the parts' recent warnings, newest first."""
    found = [(each, part) for part in parts for each in part.presence.troubles if now - each.at < durations.LAST_WORDS]
    found.sort(key=lambda each: -each[0].at)
    return [f"Warned: {_said(part, each, now)}" for each, part in found]


def _said(part: LiveWorker, each: Trouble, now: float) -> str:
    times = f", {each.count} times in {duration(each.at - each.since)}" if each.count > 1 else ""
    return one_line(f"{part.presence.worker}, {duration(now - each.at)} ago{times}: {each.event} {each.words}")


def _lasts(each: Trouble) -> float:
    # A trouble that lasts is logged again by then; a part that can say so reaches Redis again.
    return 20.0 if re.search(r"redis.un", each.event) else 90.0


def _page(each: Trouble) -> str:
    said = f"{each.event} {each.words}".lower()
    return next((page for pattern, page in PAGES if re.search(pattern, said)), "")
