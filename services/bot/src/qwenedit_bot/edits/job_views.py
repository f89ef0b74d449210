"""How a job looks in a chat: pure functions from the state of a job to the text and buttons of its message."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, Buttons, ButtonStyle, View, single
from qwenedit_bot.edits.larger import is_larger
from qwenedit_bot.texts import Text
from qwenedit_jobs import Phase, Reason, State, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenedit_bot.edits.larger import Target
    from qwenedit_bot.edits.progress.eta import Wait
    from qwenedit_bot.payments.quotas import Quota
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status

BAR_LENGTH = 10
SAID_IN_SECONDS = 90
"""Seconds from which on minutes are said instead."""
GIVES_UP_IN_STEPS = 5
"""Minutes: in such steps it is said how long a late job may still wait."""
CANCEL = "cancel"
"""First part of the cancel button's data; the job's id follows."""
AGAIN, FURTHER, AS_FILE, SAME_LOOK, LARGER = "again", "further", "file", "look", "larger"
"""The same of the buttons under a job's answer."""

WORTH_ANOTHER_TRY = frozenset(
    (
        Reason.COMFYUI_UNAVAILABLE, Reason.TIMEOUT, Reason.SERVER_OUT_OF_MEMORY, Reason.WORKER_LOST, Reason.EXPIRED,
        Reason.UNKNOWN,
    )
)  # fmt: skip
"""Why a job may fail that works the next time, with nothing changed."""


def received(words: Words, job_id: str) -> View:
    """A job's message before the job is accepted."""
    return View(_marked(words, words(Text.RECEIVED), job_id), _cancel(words, job_id))


def requeued(words: Words, job_id: str) -> View:
    """A job's new message after an operator had it tried again."""
    return View(words(Text.REQUEUED), _cancel(words, job_id))


def progress(words: Words, status: Status, *, position: int | None, wait: Wait | None = None) -> View:
    """A job's message while the job is not finished.

    Args:
        words: The user's language.
        status: What is known of the job.
        position: Its place in line, from 1; None while it is not in line.
        wait: What is expected for it, where that is known.
    """
    if status.cancelling:
        return View(words(Text.STOPPING), _cancel(words, status.job.id, disabled=True))
    text = _progress_text(words, status, position)
    if wait is not None:
        text = f"{text}\n{_expected(words, wait)}"
    return View(_marked(words, text, status.job.id), _cancel(words, status.job.id))


def overview(
    words: Words, jobs: Sequence[tuple[Status, int | None]], waits: Mapping[str, Wait] | None = None, *, more: int = 0
) -> View:
    """All unfinished jobs of a user, each as its own message says it.

    Args:
        words: The user's language.
        jobs: The jobs with their places in line.
        waits: What is expected for them, by their ids.
        more: How many there are beside them.
    """
    if not jobs:
        return View(words(Text.NOTHING_IN_THE_WORKS))
    parts = [_part(words, job, place, (waits or {}).get(job.job.id)) for job, place in jobs]
    if more:
        parts.append(words(Text.QUEUE_MORE, count=more))
    return View("\n\n".join(parts))


def _part(words: Words, status: Status, position: int | None, wait: Wait | None) -> str:
    text = _progress_text(words, status, position)
    if wait is not None and not status.cancelling:
        text = f"{text}\n{_expected(words, wait)}"
    return _marked(words, text, status.job.id, gap="\n")


def outcome(words: Words, job_id: str, state: State, reason: Reason | None, *, larger: bool = False) -> View:
    """A job's message after it failed or was cancelled.

    Args:
        words: The user's language.
        job_id: The job.
        state: In which it ended.
        reason: Why it failed.
        larger: It was to enlarge a picture, which may be small itself.
    """
    if state is State.CANCELLED:
        return View(words(Text.CANCELLED))
    reason = reason or Reason.UNKNOWN
    if larger and reason is Reason.OUT_OF_MEMORY:
        return View(_marked(words, words(Text.LARGER_OUT_OF_MEMORY), job_id))
    once_more = Button(words(Text.TRY_AGAIN_BUTTON), f"{AGAIN}:{job_id}", ButtonStyle.PRIMARY)
    text = _marked(words, words(Text.FAILED, reason=reason), job_id)
    return View(text, single(once_more) if reason in WORTH_ANOTHER_TRY else ())


def withheld(words: Words, job_id: str, text: Text) -> View:
    """A job's message where its picture may not be shown."""
    return View(_marked(words, words(text), job_id))


def done(words: Words, job_id: str, *, seconds: float, quota: Quota | None = None) -> str:
    """What is said under a finished picture, in one line.

    Args:
        words: The user's language.
        job_id: The job.
        seconds: From its acceptance to its end.
        quota: What the user has left; None where nothing is counted, or others read it too.
    """
    told, job = max(1, round(seconds)), short_id(job_id)
    if quota is None:
        return words(Text.DONE, seconds=told, job=job)
    return words(Text.DONE_LEFT, seconds=told, job=job, today=quota.today, bought=quota.bought, left=quota.left)


def result_buttons(words: Words, status: Status, *, as_file: bool, larger: Target | None = None) -> Buttons:
    """What can be done with a finished picture.

    Args:
        words: The user's language.
        status: What is known of the job.
        as_file: The picture itself is a file already.
        larger: What it can be enlarged to; None where it cannot.
    """
    job_id = status.job.id
    again = Button(words(Text.AGAIN_BUTTON), f"{AGAIN}:{job_id}")
    further = Button(words(Text.FURTHER_BUTTON), f"{FURTHER}:{job_id}", ButtonStyle.PRIMARY)
    file = Button(words(Text.AS_FILE_BUTTON), f"{AS_FILE}:{job_id}")
    if is_larger(status.job):  # the same again would come out the same, and no seed has a part in it
        return ((further,) if as_file else (further, file),)
    # Of a job with several photos nobody knows which one the next photo is to stand for.
    look = (
        (Button(words(Text.SAME_LOOK_BUTTON), f"{SAME_LOOK}:{job_id}"),) if len(status.job.edit.pictures) == 1 else ()
    )
    rest = look if as_file else (file, *look)
    rows = ((again, further), rest, (_larger(words, job_id, larger),) if larger else ())
    return tuple(row for row in rows if row)


def _larger(words: Words, job_id: str, target: Target) -> Button:
    megapixels = target.said if target.own else 0
    return Button(words(Text.LARGER_BUTTON, megapixels=megapixels), f"{LARGER}:{job_id}")


def job_of(data: str, verb: str) -> str | None:
    """Return the job that a button of this verb is about; None for other buttons."""
    said, _, rest = data.partition(":")
    return rest.partition(":")[0] if said == verb and rest else None


def bar(step: int, steps: int) -> str:
    """Draw a progress bar of ten boxes."""
    filled = min(BAR_LENGTH, BAR_LENGTH * step // steps) if steps > 0 else 0
    return "▰" * filled + "▱" * (BAR_LENGTH - filled)


def _progress_text(words: Words, status: Status, position: int | None) -> str:
    if status.cancelling:
        return words(Text.STOPPING)
    if status.state is State.DELAYED:
        return words(Text.DELAYED)
    if status.state is State.QUEUED:
        return words(Text.QUEUED, position=position) if position is not None else words(Text.RECEIVED)
    if status.phase is Phase.EDITING and status.steps > 0:
        return words(Text.EDITING, step=status.step, steps=status.steps, bar=bar(status.step, status.steps))
    if status.phase is Phase.SENDING:
        return words(Text.SENDING)
    return words(Text.STARTING)


def _marked(words: Words, text: str, job_id: str, *, gap: str = "\n\n") -> str:
    """Add what the user can tell the operator, who finds trace and logs by it."""
    return text + gap + words(Text.JOB, job=short_id(job_id))


def _expected(words: Words, wait: Wait) -> str:
    """Say what is expected, in steps so coarse that not every second changes the message."""
    if wait.paused:
        return words(Text.ON_HOLD)
    if wait.late:
        said = words(Text.LATE)
        if wait.expires_in is None:
            return said
        minutes = max(1, math.ceil(wait.expires_in / 60 / GIVES_UP_IN_STEPS)) * GIVES_UP_IN_STEPS
        return f"{said}\n{words(Text.GIVES_UP, minutes=minutes)}"
    if wait.waking or wait.seconds is None:
        return words(Text.WAKING)
    if wait.seconds < SAID_IN_SECONDS:
        return words(Text.READY_IN, unit="seconds", count=max(1, math.ceil(wait.seconds / 10)) * 10)
    return words(Text.READY_IN, unit="minutes", count=math.ceil(wait.seconds / 60))


def _cancel(words: Words, job_id: str, *, disabled: bool = False) -> Buttons:
    return single(Button(words(Text.CANCEL_BUTTON), f"{CANCEL}:{job_id}", ButtonStyle.DANGER, disabled=disabled))
