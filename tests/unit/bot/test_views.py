from __future__ import annotations

from dataclasses import replace

import pytest

from qwenedit_bot import views
from qwenedit_bot.texts import Words
from qwenedit_jobs import Edit, Job, Phase, Reason, ReplyTo, State, Status

JOB = Job(
    id="0123456789abcdef",
    user_id=7,
    edit=Edit(prompt="make it snow", pictures=("p",), seed=1),
    reply=ReplyTo(chat_id=7, placeholder_id=2, source_message_id=1, language="en"),
)
WAITING = Status(
    job=JOB, state=State.QUEUED, phase=Phase.QUEUED, step=0, steps=0, attempt=0, cancelling=False,
    enqueued_at=0.0, reason=None, result=None,
)  # fmt: skip
RUNNING = replace(WAITING, state=State.RUNNING, phase=Phase.STARTING, attempt=1)
EN = Words("en")


@pytest.mark.parametrize(
    ("status", "position", "said"),
    [
        (WAITING, 1, "⏳ You are next in line."),
        (WAITING, 4, "⏳ Place in line: 4"),
        (
            replace(WAITING, state=State.DELAYED),
            None,
            "🔁 That did not work at once. I'm trying again in a few seconds…",
        ),
        (RUNNING, None, "🚀 Your turn: starting…"),
        (replace(RUNNING, phase=Phase.EDITING, step=2, steps=4), None, "🎨 Editing: step 2 of 4\n▰▰▰▰▰▱▱▱▱▱"),
        (replace(RUNNING, phase=Phase.EDITING), None, "🚀 Your turn: starting…"),
        (replace(RUNNING, phase=Phase.SENDING), None, "📤 Ready, sending…"),
    ],
)
def test_an_unfinished_job_shows_where_it_is_and_can_be_cancelled(
    status: Status, position: int | None, said: str
) -> None:
    view = views.progress(EN, status, position=position)
    assert view.text == said
    assert view.button is not None
    assert view.button.data == "cancel:0123456789abcdef"


def test_a_job_that_is_being_stopped_has_no_button_any_more() -> None:
    assert views.progress(EN, replace(RUNNING, cancelling=True), position=None) == views.View("✋ Stopping…")


def test_a_cancelled_job_says_so() -> None:
    assert views.outcome(EN, State.CANCELLED, None) == views.View("✖️ Cancelled.")


@pytest.mark.parametrize("reason", [*Reason, None])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_failed_job_says_why_in_words_and_not_in_codes(language: str, reason: Reason | None) -> None:
    text = views.outcome(Words(language), State.FAILED, reason).text
    assert text.startswith("😔")
    assert "_" not in text


@pytest.mark.parametrize(
    ("step", "steps", "filled"), [(0, 4, 0), (1, 4, 2), (4, 4, 10), (9, 4, 10), (1, 0, 0), (19, 20, 9)]
)
def test_the_bar_fills_with_the_steps(step: int, steps: int, filled: int) -> None:
    assert views.bar(step, steps).count("▰") == filled
    assert len(views.bar(step, steps)) == 10
