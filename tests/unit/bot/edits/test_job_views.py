from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qwenedit_bot.chat.view import View
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.larger import target_of
from qwenedit_bot.edits.progress.eta import Wait
from qwenedit_bot.payments.quotas import Quota
from qwenedit_bot.pictures.sources import Attachment, as_text
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
            "🔁 That did not work at once. I'm trying again soon…",
        ),
        (RUNNING, None, "🚀 Your turn: starting…"),
        (replace(RUNNING, phase=Phase.EDITING, step=2, steps=4), None, "🎨 Editing: step 2 of 4\n▰▰▰▰▰▱▱▱▱▱"),
        (replace(RUNNING, phase=Phase.EDITING), None, "🚀 Your turn: starting…"),
        (replace(RUNNING, phase=Phase.SENDING), None, "📤 Ready, sending…"),
    ],
)
def test_unfinished_job_shows_where_it_is_and_can_be_cancelled(status: Status, position: int | None, said: str) -> None:
    view = job_views.progress(EN, status, position=position)
    assert view.text == f"{said}\n\nJob 01234567"
    assert [[button.data for button in row] for row in view.buttons] == [["cancel:0123456789abcdef"]]


def test_button_of_a_job_that_is_being_stopped_does_nothing_any_more() -> None:
    view = job_views.progress(EN, replace(RUNNING, cancelling=True), position=None)
    assert view.text == "✋ Stopping…"
    assert [button.disabled for row in view.buttons for button in row] == [True]


@pytest.mark.parametrize(
    ("as_file", "labels"),
    [
        (False, [["🔁 Again", "✏️ Edit further"], ["📄 As a file", "🎨 Same look"]]),
        (True, [["🔁 Again", "✏️ Edit further"], ["🎨 Same look"]]),
    ],
)
def test_finished_picture_has_buttons_for_what_comes_next(as_file: bool, labels: list[list[str]]) -> None:
    rows = job_views.result_buttons(EN, replace(RUNNING, state=State.DONE), as_file=as_file)
    assert [[button.label for button in row] for row in rows] == labels
    assert all(len(button.data.encode()) <= 64 for row in rows for button in row)


@pytest.mark.parametrize(
    ("mime", "pixels", "most", "label"),
    [
        ("image/jpeg", 0, 6.0, "🔍 Larger"),
        ("image/jpeg", 2_000_000, 6.0, "🔍 Larger"),
        ("image/jpeg", 3_000_000, 6.0, "🔍 Larger: 3\u00a0MP"),
        (None, 3_000_000, 6.0, "🔍 Larger"),
        ("image/jpeg", 12_192_768, 6.0, "🔍 Larger: 6\u00a0MP"),
        ("image/jpeg", 12_192_768, 16.0, "🔍 Larger: 12\u00a0MP"),
        ("image/jpeg", 12_192_768, 0, None),
    ],
)
def test_result_of_a_file_may_be_made_about_as_large_as_the_file(
    mime: str | None, pixels: int, most: float, label: str | None
) -> None:
    status = replace(RUNNING, state=State.DONE, sources=as_text([Attachment("f", 1, mime)], [pixels]))
    rows = job_views.result_buttons(EN, status, as_file=False, larger=target_of(status, most))
    assert next((button.label for row in rows for button in row if "Larger" in button.label), None) == label


def test_result_that_is_large_already_is_not_offered_larger_or_again() -> None:
    job = JOB.model_copy(update={"edit": JOB.edit.model_copy(update={"workflow": "larger"})})
    status = replace(RUNNING, job=job, state=State.DONE)
    assert target_of(status, 6.0) is None
    rows = job_views.result_buttons(EN, status, as_file=True)
    assert [[button.label for button in row] for row in rows] == [["✏️ Edit further"]]


@pytest.mark.parametrize(
    ("data", "job"), [("again:abc", "abc"), ("again:abc:more", "abc"), ("again", None), ("again:", None), ("", None)]
)
def test_button_names_its_job(data: str, job: str | None) -> None:
    assert job_views.job_of(data, "again") == job
    assert job_views.job_of(data, "other") is None


def test_cancelled_job_says_so() -> None:
    assert job_views.outcome(EN, JOB.id, State.CANCELLED, None) == View("✖️ Cancelled.")


@pytest.mark.parametrize("reason", [*Reason, None])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_failed_job_says_why_in_words_and_not_in_codes(language: str, reason: Reason | None) -> None:
    text = job_views.outcome(Words(language), JOB.id, State.FAILED, reason).text
    assert text.startswith("😔")
    assert "_" not in text


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nobody_is_told_to_send_a_smaller_photo_where_the_server_lacks_memory_or_the_result_was_to_be_large(
    language: str,
) -> None:
    words = Words(language)
    smaller = re.compile("send a smaller one|картинку поменьше")
    shown = [
        job_views.outcome(words, JOB.id, State.FAILED, Reason.OUT_OF_MEMORY).text,
        job_views.outcome(words, JOB.id, State.FAILED, Reason.OUT_OF_MEMORY, larger=True).text,
        job_views.outcome(words, JOB.id, State.FAILED, Reason.SERVER_OUT_OF_MEMORY).text,
    ]
    assert [bool(smaller.search(text)) for text in shown] == [True, False, False]


@pytest.mark.parametrize(
    ("step", "steps", "filled"), [(0, 4, 0), (1, 4, 2), (4, 4, 10), (9, 4, 10), (1, 0, 0), (19, 20, 9)]
)
def test_bar_fills_with_the_steps(step: int, steps: int, filled: int) -> None:
    assert job_views.bar(step, steps).count("▰") == filled
    assert len(job_views.bar(step, steps)) == 10


@pytest.mark.parametrize(("language", "said"), [("en", "Job 01234567"), ("ru", "Задание 01234567")])
def test_message_of_a_job_ends_with_its_short_id(language: str, said: str) -> None:
    words = Words(language)
    shown = [
        job_views.received(words, JOB.id).text,
        job_views.progress(words, RUNNING, position=None).text,
        *(job_views.outcome(words, JOB.id, State.FAILED, reason).text for reason in Reason),
        job_views.overview(words, [(RUNNING, None)]).text,
    ]
    assert [text.rpartition("\n")[2] for text in shown] == [said] * len(shown)


def test_words_under_a_picture_are_one_line_with_the_job_in_it() -> None:
    assert job_views.done(EN, JOB.id, seconds=11.6) == "✨ Done in 12\u00a0s · 01234567"
    assert job_views.done(Words("ru"), JOB.id, seconds=0.2) == "✨ Готово за 1\u00a0с · 01234567"  # noqa: RUF001 - Russian


@pytest.mark.parametrize(
    ("used", "bought", "said"), [(1, 0, "4 left today"), (5, 0, "none left today"), (9, 3, "3 left"), (1, 3, "7 left")]
)
def test_words_under_a_picture_say_in_the_same_line_how_many_are_left(used: int, bought: int, said: str) -> None:
    quota = Quota(per_day=5, used=used, bought=bought, resets_in=60.0)
    assert job_views.done(EN, JOB.id, seconds=2, quota=quota) == f"✨ Done in 2\u00a0s · {said} · 01234567"


def test_overview_tells_where_each_job_is() -> None:
    jobs = [(replace(RUNNING, phase=Phase.EDITING, step=2, steps=4), None), (replace(WAITING, cancelling=False), 3)]
    assert job_views.overview(EN, jobs).text == (
        "🎨 Editing: step 2 of 4\n▰▰▰▰▰▱▱▱▱▱\nJob 01234567\n\n⏳ Place in line: 3\nJob 01234567"
    )
    waits = {JOB.id: Wait(80.0)}
    assert job_views.overview(EN, [(WAITING, 1)], waits).text == (
        "⏳ You are next in line.\nReady in about 80\u00a0s\nJob 01234567"
    )
    assert job_views.overview(EN, []).text == "You have nothing in the works. Send me a photo and say what to change."
