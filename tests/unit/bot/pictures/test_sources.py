"""Where a job's pictures came from, as its hash in Redis says."""

from __future__ import annotations

import pytest

from qwenedit_bot.pictures.sources import Attachment, Sources, StoredPicture

PHOTO = Attachment("file", 20_000, "image/heic")
PICTURES = (PHOTO, StoredPicture("job:1", PHOTO), StoredPicture("job:2"))
UNREADABLE = (
    "",
    "{",
    "[]",
    "null",
    '{"pictures": 1}',
    '{"pictures": [1]}',
    '{"pictures": [{"ref": "a", "later": 1}]}',
    '{"pictures": [{"file_id": "a", "size": "x", "mime": null}]}',
    '{"pictures": [{"file_id": "a"}]}',
    "[" * 100_000,
)


def test_pictures_are_read_as_they_were_written() -> None:
    sources = Sources(PICTURES, ((7, ""), (8, "a1"), (9, "")))
    assert Sources.parse(sources.text()) == sources


@pytest.mark.parametrize("text", UNREADABLE)
def test_text_of_another_release_or_of_nobody_names_no_pictures(text: str) -> None:
    assert Sources.parse(text) == Sources()
