"""Views of a job in a chat: pure functions from its state to the text and buttons of its message."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from qwenedit_bot.chat.view import Button, Buttons, ButtonStyle, View, single
from qwenedit_bot.texts import Text
from qwenedit_jobs import Phase, Reason, State, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenedit_bot.edits.progress.eta import Wait
    from qwenedit_bot.edits.requests.request import Request
    from qwenedit_bot.payments.quotas import Quota
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Job, Status

CANCEL = "cancel"
"""First part of the cancel button's data; the job's id follows."""
AGAIN, UNDO, LARGER, AS_FILE, STYLES = "again", "undo", "larger", "file", "styles"
"""The same of the buttons under a job's answer."""
OVER = "over"
"""The same of the button that starts over with other words, or takes a remark for an instruction: the ID of the waiting
request or the key of the offer follows."""
RESULT_VERBS = frozenset((AGAIN, UNDO, LARGER, AS_FILE, STYLES, "further"))
"""By which a result says whose it is; results of the release before have the last one."""

ENLARGES: Final = "larger"
"""Name of the workflow that enlarges a picture; the workers have it."""

WORTH_ANOTHER_TRY = frozenset(
    (
        Reason.COMFYUI_UNAVAILABLE,
        Reason.TIMEOUT,
        Reason.SERVER_OUT_OF_MEMORY,
        Reason.WORKER_LOST,
        Reason.EXPIRED,
        Reason.UNKNOWN,
    )
)
"""Reasons of failures that an unchanged retry may not meet."""


def requested(words: Words, presets: Catalogue, request: Request, text: Text) -> View:
    """A request's message before it's a job: its state, and its instruction."""
    wish = _asked(words, presets, request.instruction, request.workflow)
    buttons: Buttons = () if text is Text.NOTHING_TO_FOLLOW else _cancel(words, request.job_id)
    if text is Text.WAITS_FOR_RESULT:
        buttons = ((Button(words(Text.START_OVER_BUTTON), f"{OVER}:{request.job_id}"),), *buttons)
    return View(_quoting(words, words(text), wish), buttons)


def progress(
    words: Words, presets: Catalogue, status: Status, *, position: int | None, wait: Wait | None = None
) -> View:
    """A job's message while the job is not finished; `position` is its place in line, from 1."""
    if status.cancelling:
        return View(words(Text.STOPPING))
    text = _where(words, status, position, wait)
    return View(_quoting(words, text, _asked_of(words, presets, status)), _cancel(words, status.job.id))


def overview(
    words: Words,
    presets: Catalogue,
    jobs: Sequence[tuple[Status, int | None]],
    waits: Mapping[str, Wait] | None = None,
    *,
    backlog: int = 0,
) -> View:
    """List a user's unfinished jobs, with their places in line and expected waits by ID.

    `backlog` is the number of requests that follow by themselves.
    """
    if not jobs and not backlog:
        return View(words(Text.NOTHING_IN_THE_WORKS))
    known = waits or {}
    parts = [
        f"{words(Text.WISH, said=_asked_of(words, presets, job))}\n{_where(words, job, place, known.get(job.job.id))}"
        for job, place in jobs
    ]
    if backlog:
        parts.append(words(Text.IN_BACKLOG, count=backlog))
    return View("\n\n".join(parts))


def _where(words: Words, status: Status, position: int | None, wait: Wait | None) -> str:
    text = _progress_text(words, status, position)
    return text if wait is None or status.cancelling else f"{text}\n{_expected(words, wait)}"


def outcome(words: Words, job_id: str, state: State, reason: Reason | None, *, larger: bool = False) -> View:
    """A job's message after it failed or was cancelled; `larger` if it was to enlarge a picture."""
    if state is State.CANCELLED:
        return View(words(Text.CANCELLED))
    reason = reason or Reason.UNKNOWN
    if larger and reason is Reason.OUT_OF_MEMORY:
        return View(_marked(words, words(Text.LARGER_OUT_OF_MEMORY), job_id))
    once_more = Button(words(Text.TRY_AGAIN_BUTTON), f"{AGAIN}:{job_id}", ButtonStyle.PRIMARY)
    text = _marked(words, words(Text.FAILED, reason=reason), job_id)
    return View(text, single(once_more) if reason in WORTH_ANOTHER_TRY else ())


def withheld(words: Words, job_id: str, text: Text) -> View:
    """A job's message if its picture was withheld."""
    return View(_marked(words, words(text), job_id))


def done(words: Words, presets: Catalogue, status: Status, *, quota: Quota | None = None) -> str:
    """The caption of a finished picture: its instruction and, if there is a `quota`, how many are left."""
    caption = words(Text.DONE, said=_asked_of(words, presets, status))
    if quota is None:
        return caption
    return f"{caption}\n{words(Text.LEFT, today=quota.today, bought=quota.bought, left=quota.left)}"


def result_buttons(words: Words, status: Status, *, as_file: bool, larger: bool = False) -> Buttons:
    """What can be done with a finished picture beside typing what to change in it: one row.

    A picture that is a file already is offered `as_file` no more, and `larger` only if it can be enlarged.
    """
    again = not is_larger(status.job)  # the same again would come out the same, and no seed has a part in it
    offered = (
        (AGAIN, Text.AGAIN_BUTTON, again),
        (UNDO, Text.UNDO_BUTTON, True),
        (LARGER, Text.LARGER_BUTTON, larger),
        (AS_FILE, Text.AS_FILE_BUTTON, not as_file),
        (STYLES, Text.STYLES_BUTTON, True),
    )
    return (tuple(Button(words(text), f"{verb}:{status.job.id}") for verb, text, offers in offered if offers),)


def quota_used_up(words: Words, quota: Quota, *, shared: bool, for_sale: bool) -> str:
    """Say that the quota is used up; in a group, without the numbers."""
    if shared:
        return words(Text.DAILY_LIMIT_IN_GROUP)
    text = words(Text.DAILY_LIMIT, count=quota.per_day, time=_remaining(words, quota.resets_in))
    return f"{text}\n\n{words(Text.BUY_HINT)}" if for_sale else text


def quota_left(words: Words, quota: Quota) -> str:
    """Say how much is left today."""
    text = words(Text.LEFT_TODAY, count=quota.today, per_day=quota.per_day, time=_remaining(words, quota.resets_in))
    return f"{text}\n{words(Text.LEFT_BOUGHT, count=quota.bought)}" if quota.bought else text


def is_larger(job: Job) -> bool:
    """Whether a job enlarges a picture."""
    return job.edit.workflow == ENLARGES


def job_of(data: str, verb: str) -> str | None:
    """Return the job that a button of this verb is about; None for other buttons."""
    name, _, rest = data.partition(":")
    return rest.partition(":")[0] if name == verb and rest else None


def bar(step: int, steps: int) -> str:
    """Draw a progress bar of ten boxes."""
    filled = min(10, 10 * step // steps) if steps > 0 else 0
    return "▰" * filled + "▱" * (10 - filled)


def _remaining(words: Words, seconds: float) -> str:
    """Write a duration of up to a day, in hours and minutes."""
    minutes = max(1, round(seconds / 60))
    return words(Text.DURATION, hours=minutes // 60, minutes=minutes % 60)


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


def _asked_of(words: Words, presets: Catalogue, status: Status) -> str:
    return _asked(words, presets, status.job.edit.prompt, status.job.edit.workflow)


def _asked(words: Words, presets: Catalogue, prompt: str, workflow: str | None) -> str:
    """Shorten the instruction to a few words."""
    if workflow == ENLARGES:
        return words(Text.LARGER_SAID)
    return shortened(presets.said(prompt, words.language))


def shortened(wish: str) -> str:
    """Return an instruction in one line of 120 characters at most, shortened to its newest words."""
    lines = [" ".join(each.split()) for each in wish.splitlines() if each.strip()]
    line = re.sub(r"(?<=[.,!?…]),", "", ", ".join(lines))
    line = f"… {lines[-1]}" if lines[1:] and len(line) > 120 else line
    return line if len(line) <= 120 else f"{line[:119].rstrip()}…"


def _quoting(words: Words, text: str, wish: str) -> str:
    """Add the instruction, so that a wrong guess shows above a button that cancels it."""
    return f"{text}\n\n{words(Text.WISH, said=wish)}"


def _marked(words: Words, text: str, job_id: str) -> str:
    """Add the job's ID, by which the operator finds its trace and logs."""
    return f"{text}\n\n{words(Text.JOB, job=short_id(job_id))}"


def _expected(words: Words, wait: Wait) -> str:
    """Describe the expected wait, coarsely enough that the message rarely changes."""
    if isinstance(wait, Text):
        return words(wait)
    if wait < 90:
        return words(Text.READY_IN, unit="seconds", count=max(1, math.ceil(wait / 10)) * 10)
    return words(Text.READY_IN, unit="minutes", count=math.ceil(wait / 60))


def _cancel(words: Words, job_id: str) -> Buttons:
    return single(Button(words(Text.CANCEL_BUTTON), f"{CANCEL}:{job_id}", ButtonStyle.DANGER))
