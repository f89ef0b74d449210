"""What bounds the size of a job."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from qwenedit_jobs import MAX_PICTURES, MAX_PROMPT_LENGTH, Edit, Job, ReplyTo

LARGEST = 32 * 1024
NAME = "🦊" * 100


def job(**other: object) -> Job:
    edit = {
        "prompt": "\x00" * MAX_PROMPT_LENGTH,  # six bytes in JSON, more than any other code point
        "pictures": (NAME,) * MAX_PICTURES,
        "seed": 2**53 - 1,
        "workflow": NAME,
    }
    reply = ReplyTo(chat_id=-(2**63), placeholder_id=2**31, source_message_id=2**31, language=NAME)
    fields = {"id": NAME, "user_id": 2**63, "reply": reply, "edit": Edit.model_validate(edit)}
    return Job.model_validate(fields | other)


def test_largest_job_is_not_large():
    assert len(job().model_dump_json().encode()) < LARGEST


@pytest.mark.parametrize(
    "edit",
    [
        {"prompt": "x" * (MAX_PROMPT_LENGTH + 1)},
        {"pictures": ("p",) * (MAX_PICTURES + 1)},
        {"pictures": (NAME + "x",)},
        {"workflow": NAME + "x"},
    ],
)
def test_job_that_would_be_larger_is_refused(edit):
    with pytest.raises(ValidationError):
        Edit.model_validate({"prompt": "p", "pictures": ("p",), "seed": 1} | edit)


def test_id_has_a_length_that_a_key_may_have():
    with pytest.raises(ValidationError):
        job(id=NAME + "x")
