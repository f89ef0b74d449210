"""Whatever is kept of users is declared by who keeps it; /privacy and the docs' table say the same."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import pytest
from aiogram import Bot
from aiogram.types import User
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis.asyncio import Redis

from qwenedit_bot.app.parts import Connections, Foundation, Parts
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.rate_limit import SharedLimiter
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.conversation.commands.privacy import Retention, notice, period
from qwenedit_bot.privacy.user_erasure import patterns
from qwenedit_bot.texts import LANGUAGES, Words
from qwenedit_jobs import Keys

Kept: TypeAlias = tuple[PersonalData, ...]
DOCS = Path(__file__).parents[3] / "docs/users-and-payments.md"
DAY = 24 * 60 * 60
NOT_ABOUT_USERS = {
    "durations": "seconds",
    "seen_prefix": "numbers of updates",
    "paused": "of the queue",
    "leader": "a replica",
    "time": "a time",
    "workers": "of workers",
    "worker_about": "of workers",
    "largest_result": "bytes",
    "layout": "a number",
}
"""Keys about nobody, each with what it holds instead."""
SAME_KEYS = {
    "inbox": "`updates`",
    "kinds": "all of them",
    "picture_prefix": "`picture`",
    "account_prefix": "`free_used`, `charged`, `lots` and `payments`",
}
"""Other names of keys, each with the key's own."""


@pytest.fixture(scope="module")
def kept_of_users() -> Kept:
    settings = BotSettings(bot_token=SecretStr("42:TEST"))
    redis: Redis = Redis()  # which is never spoken to
    keys = BotKeys(prefix="qwenedit", bot_id=42)
    me = User(id=42, is_bot=True, first_name="Editor", username="editor_bot")
    base = Foundation(
        settings=settings,
        connections=Connections(redis, redis, redis),
        keys=keys,
        bot=Bot("42:TEST"),
        me=me,
        limiter=SharedLimiter(redis, keys),
        metrics=BotMetrics(CollectorRegistry()),
    )
    return Parts(base).personal_data


def names_of_keys() -> set[str]:
    not_keys = {"prefix", "bot_id", "installation"}
    return {name for keys in (BotKeys, Keys) for name in vars(keys) if not name.startswith("_")} - not_keys


def test_each_key_is_declared_by_who_keeps_it_or_is_about_no_user(kept_of_users: Kept) -> None:
    declared = {name for kept in kept_of_users for name in kept.keys.split()}
    assert declared | NOT_ABOUT_USERS.keys() | SAME_KEYS.keys() == names_of_keys()
    assert not declared & NOT_ABOUT_USERS.keys()


def test_scan_can_find_the_keys_of_each_pattern() -> None:
    assert [glob for glob in patterns(BotKeys(prefix="qwenedit", bot_id=42), 12) if ":12" not in glob] == []


def test_each_thing_says_when_it_goes(kept_of_users: Kept) -> None:
    assert [kept for kept in kept_of_users if kept.seconds is None and not kept.until] == []


def row(kept: PersonalData) -> str:
    time = "" if kept.seconds is None else _time(kept.seconds)
    until = f"until {kept.until}" if kept.seconds is None else f"{kept.until}, {time}" if kept.until else time
    return f"| {kept.what} | {until} | {f'stays: {kept.stays}' if kept.stays else 'erased'} |"


def _time(seconds: int) -> str:
    return f"{seconds} s" if seconds % 60 else period(Words("en"), seconds).replace("\u00a0", " ")


def test_docs_list_what_stays_or_is_kept_beyond_a_day_as_it_is_declared(kept_of_users: Kept) -> None:
    section = DOCS.read_text().split("## What is kept of a user\n")[1].split("\n## ")[0]
    rows = [
        line for line in section.splitlines() if line.startswith("| ") and not line.startswith(("| what |", "| ---"))
    ]
    listed = [kept for kept in kept_of_users if kept.stays or (kept.seconds or 0) > DAY]
    assert rows == list(dict.fromkeys(map(row, listed)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_privacy_tells_each_time_that_is_declared_for_it(language: str, kept_of_users: Kept) -> None:
    texts = (files("qwenedit_bot.texts") / "locales" / f"{language}.ftl").read_text(encoding="utf-8")
    said = re.findall(r"^privacy(?:-paid)? =(.*?)^\S", texts, re.DOTALL | re.MULTILINE)
    variables = set(re.findall(r"\{ \$(\w+) \}", "".join(said)))
    assert variables == {kept.told for kept in kept_of_users} - {""}
    view = notice(Words(language), Retention(kept_of_users, counted=True, checked=True, selling=True))
    assert "{" not in view.text
