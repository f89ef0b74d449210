"""Runbooks quote the words that users read."""

from __future__ import annotations

import re
from importlib.resources import files

from qwenedit_testkit import ROOT

RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("Qwenedit*.md"))
ENGLISH = (files("qwenedit_bot.texts") / "locales/en.ftl").read_text(encoding="utf-8")


def sayable(words: str) -> str:
    """Put one sign in place of what differs each time: a number in a page, a variable in a text."""
    return " ".join(re.sub(r"\{ \$\w+ \}|\d+", "#", words).split())


def test_runbook_quotes_what_users_read_word_for_word() -> None:
    for page in RUNBOOKS:
        section = page.read_text().split("## What users see\n")[1].split("\n## ")[0]
        quoted = re.findall("“([^”]+)”", section)
        assert [words for words in quoted if sayable(words) not in sayable(ENGLISH)] == [], page.name
