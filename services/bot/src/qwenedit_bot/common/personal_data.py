"""What each feature keeps of a user, for how long, and how a user is forgotten."""

from __future__ import annotations

from dataclasses import dataclass

FORGET_ALL, FORGET_NOT = "forget:all", "forget:not"
"""Data of the buttons that answer `/forget`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Something that is kept of a user."""

    what: str
    """As docs/users-and-payments.md calls it."""
    keys: tuple[str, ...]
    """Names of the keys that hold it, in `BotKeys` or `qwenedit_jobs.Keys`."""
    seconds: int | None = None
    """The longest time; None where `until` alone says when it goes."""
    until: str = ""
    """What ends it, or the setting that says the time."""
    stays: str = ""
    """Why /forget leaves it; empty where it is erased."""
    told: str = ""
    """The variable by which the text of /privacy says the time; empty where that is no line of its own."""
