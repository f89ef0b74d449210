"""What comes out of the lanes: held entries, and entries that were set aside."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """A held entry: its lane is this holder's until it's done, parked, or the hold expires."""

    lane: str
    id: str
    sender: str
    """Whose share of the lane it takes."""
    failures: int
    """Attempts at it that failed."""
    token: str
    """Proves the hold."""
    payload: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DoneResult:
    """Result of dropping an entry."""

    first: bool
    """Whether this call dropped it."""
    more: bool
    """Whether other entries wait, due or not, that aren't held."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """An entry that couldn't be handled."""

    id: str
    lane: str
    sender: str
    at: float
    """Seconds since the epoch, by Redis' clock."""
    why: str
    """Type and place of the last error; never a user's words."""
    payload: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How many entries are where."""

    waiting: int
    """Including held and parked ones."""
    in_hand: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that is not done."""

    id: str
    lane: str
    since: float | None
    """Seconds since the epoch, by Redis' clock, where its id tells that: those of a stream do."""
    payload: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stay:
    """Why an entry is not done."""

    until: float | None
    """When it, or its lane, is due; None while its lane is held."""
    in_hand: bool
    """Whether its lane is being worked on."""
    failures: int
    """Attempts at it that failed."""
    why: str
    """What it waits for; empty if only for its turn."""
