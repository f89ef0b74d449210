"""How a job looks in a chat: pure functions from what is known of it to what the user sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.texts import Text
from qwenedit_jobs import Phase, Reason, State

if TYPE_CHECKING:
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Status

BAR_LENGTH = 10
CANCEL = "cancel"
"""First part of the cancel button's data; the job's id follows."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message."""

    label: str
    data: str
    """At most 64 bytes, as Telegram has it."""


@dataclass(frozen=True, slots=True)
class View:
    """A text message."""

    text: str
    button: Button | None = None


def received(words: Words, job_id: str) -> View:
    """A job's message before the job is accepted."""
    return View(words(Text.RECEIVED), _cancel(words, job_id))


def progress(words: Words, status: Status, *, position: int | None) -> View:
    """A job's message while the job is not finished.

    Args:
        words: The user's language.
        status: What is known of the job.
        position: Its place in line, from 1; None while it is not in line.
    """
    if status.cancelling:
        return View(words(Text.STOPPING))
    return View(_progress_text(words, status, position), _cancel(words, status.job.id))


def outcome(words: Words, state: State, reason: Reason | None) -> View:
    """A job's message after it failed or was cancelled."""
    if state is State.CANCELLED:
        return View(words(Text.CANCELLED))
    return View(words(Text.FAILED, reason=reason or Reason.UNKNOWN))


def bar(step: int, steps: int) -> str:
    """Draw a progress bar of ten boxes."""
    filled = min(BAR_LENGTH, BAR_LENGTH * step // steps) if steps > 0 else 0
    return "▰" * filled + "▱" * (BAR_LENGTH - filled)


def _progress_text(words: Words, status: Status, position: int | None) -> str:
    if status.state is State.DELAYED:
        return words(Text.DELAYED)
    if status.state is State.QUEUED:
        return words(Text.QUEUED, position=position) if position is not None else words(Text.RECEIVED)
    if status.phase is Phase.EDITING and status.steps > 0:
        return words(Text.EDITING, step=status.step, steps=status.steps, bar=bar(status.step, status.steps))
    if status.phase is Phase.SENDING:
        return words(Text.SENDING)
    return words(Text.STARTING)


def _cancel(words: Words, job_id: str) -> Button:
    return Button(words(Text.CANCEL_BUTTON), f"{CANCEL}:{job_id}")
