"""How features declare the personal data that they store."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

FORGET_ALL, FORGET_NOT = "forget:all", "forget:not"
"""Data of the buttons that answer `/forget`."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Personal data that a feature stores."""

    what: str
    """Its name in docs/users-and-payments.md."""
    keys: str
    """Names of its keys in `BotKeys` or `qwenedit_jobs.Keys`, with blanks between them."""
    _: KW_ONLY
    seconds: int | None = None
    """Retention; None if only `until` describes it."""
    until: str = ""
    """The event or setting that ends its retention."""
    stays: str = ""
    """Why `/forget` keeps it; empty if it's erased."""
    told: str = ""
    """The variable in the text of `/privacy` for its retention; empty if it has no line of its own."""
