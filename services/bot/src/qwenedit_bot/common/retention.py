"""What each feature keeps of a user, for how long, and how a user is forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class DataHolder(Protocol):
    """A feature that keeps something of users, under keys whose names it knows."""

    @property
    def personal_data(self) -> tuple[PersonalData, ...]:
        """All that it keeps."""

    async def forget(self, user_id: int) -> None:
        """Erase what it keeps of a user, but for what stays; may be repeated."""


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """Keys of a user whose names are not known, so that Redis is searched for them."""

    glob: str
    """Their names, as a shell's pattern. The user's id stands in it after a colon, unless they have an owner."""
    owner: str = ""
    """The field in which these HASHes have the user's id; their pattern is a prefix and `*`."""


@runtime_checkable
class SearchingDataHolder(Protocol):
    """A feature that keeps something of users under keys whose names it does not know."""

    @property
    def personal_data(self) -> tuple[PersonalData, ...]:
        """All that it keeps."""

    def key_patterns(self, user_id: int) -> tuple[KeyPattern, ...]:
        """Return what to search for."""

    async def forget_found(self, user_id: int, keys: Sequence[str]) -> None:
        """Erase what it keeps of a user, but for what stays; may be repeated.

        Args:
            user_id: The user.
            keys: Their keys that fit its patterns.
        """
