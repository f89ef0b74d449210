from __future__ import annotations

import re
from dataclasses import replace

import pytest

from qwenedit_bot.edits import job_views
from qwenedit_bot.payments.quotas import Quota
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Words
from qwenedit_jobs import Edit, Job, Phase, Reason, ReplyTo, State, Status

JOB = Job(
    id="0123456789abcdef",
    user_id=7,
    edit=Edit(prompt="make it snow", pictures=("p",), seed=1),
    reply=ReplyTo(chat_id=7, placeholder_id=2, source_message_id=1, language="en"),
)
WAITING = Status(
    job=JOB,
    state=State.QUEUED,
    phase=Phase.QUEUED,
    step=0,
    steps=0,
    attempt=0,
    cancelling=False,
    enqueued_at=0.0,
    reason=None,
    result=None,
)
RUNNING = replace(WAITING, state=State.RUNNING, phase=Phase.STARTING, attempt=1)
EN = Words("en")
PRESETS = catalogue.load(None)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (replace(WAITING, state=State.DELAYED), "🔁 That didn't work at first. I'll try again in a moment…"),
        (replace(RUNNING, phase=Phase.EDITING), "🚀 Your turn: starting…"),
        (replace(RUNNING, phase=Phase.EDITING, step=2, steps=4), "🎨 Editing: step 2 of 4\n▰▰▰▰▰▱▱▱▱▱"),
        (replace(RUNNING, phase=Phase.SENDING), "📤 Ready, sending…"),
    ],
)
def test_unfinished_job_shows_where_it_is(status: Status, said: str) -> None:
    assert job_views.progress(EN, PRESETS, status, position=None).text == f"{said}\n\n“make it snow”"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nobody_is_told_to_send_a_smaller_photo_where_the_server_lacks_memory_or_the_result_was_to_be_large(
    language: str,
) -> None:
    words = Words(language)
    smaller = re.compile("1,000 pixels|1000 пикселей")
    shown = [
        job_views.outcome(words, JOB.id, State.FAILED, Reason.OUT_OF_MEMORY).text,
        job_views.outcome(words, JOB.id, State.FAILED, Reason.OUT_OF_MEMORY, larger=True).text,
        job_views.outcome(words, JOB.id, State.FAILED, Reason.SERVER_OUT_OF_MEMORY).text,
    ]
    assert [bool(smaller.search(text)) for text in shown] == [True, False, False]


@pytest.mark.parametrize(("language", "said"), [("en", "Job 01234567"), ("ru", "Задание 01234567")])
def test_failure_ends_with_the_jobs_short_id(language: str, said: str) -> None:
    words = Words(language)
    shown = [job_views.outcome(words, JOB.id, State.FAILED, reason).text for reason in Reason]
    assert [text.rpartition("\n")[2] for text in shown] == [said] * len(shown)


def status_of(prompt: str, workflow: str | None = None) -> Status:
    edit = JOB.edit.model_copy(update={"prompt": prompt, "workflow": workflow})
    return replace(RUNNING, job=JOB.model_copy(update={"edit": edit}), state=State.DONE)


SNOW = PRESETS.preset("snow")


@pytest.mark.parametrize(
    ("prompt", "workflow", "said"),
    [
        ("make it snow", None, "✨ “make it snow”"),
        ("make it  snow\nat night", None, "✨ “make it snow, at night”"),
        ("make it snow " * 20, None, f"✨ “{('make it snow ' * 20)[:119].rstrip()}…”"),
        (SNOW.prompt if SNOW else "", None, "✨ “❄️ Snowfall”"),
        (SNOW.with_words("at night") if SNOW else "", None, "✨ “❄️ Snowfall: at night”"),
        ("", "larger", "✨ “larger, for printing”"),
    ],
)
def test_words_under_a_picture_are_what_was_asked_for(prompt: str, workflow: str | None, said: str) -> None:
    assert job_views.done(EN, PRESETS, status_of(prompt, workflow)) == said


@pytest.mark.parametrize(
    ("used", "bought", "said"), [(1, 0, "4 left today"), (5, 0, "none left today"), (9, 3, "3 left"), (1, 3, "7 left")]
)
def test_words_under_a_picture_say_how_many_are_left(used: int, bought: int, said: str) -> None:
    quota = Quota(per_day=5, used=used, bought=bought, resets_in=60.0)
    assert job_views.done(EN, PRESETS, status_of("snow"), quota=quota) == f"✨ “snow”\n{said}"
