"""A decision about the number of workers, and what later decisions have to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why so many workers are wanted."""

    NO_JOBS = "no_jobs"
    """No job waits or runs."""
    RUNNING = "running"
    """No job waits. Each job in hand keeps its worker."""
    ON_TIME = "on_time"
    """The least number that keeps the forecast within the target."""
    LATE = "late"
    """No number keeps the forecast within the target. More workers would come too late to help much, or are not
    allowed: `Decision.bound` says which."""
    HELD = "held"
    """Fewer would do by now. They are kept for a while, since more may be wanted again soon."""
    PAUSED = "paused"
    """An operator lets no job begin, so nothing is ordered."""


class Bound(StrEnum):
    """What kept a decision from another number."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a decision has to know of earlier ones. A new leader begins with `Memory()`."""

    wanted: int | None = None
    """By the last decision."""
    ready: int = 0
    """Workers that were up then."""
    needed: tuple[tuple[float, int], ...] = ()
    """Time and number of workers that were needed, the latest last; each number is greater than those behind it."""
    orders: tuple[float, ...] = ()
    """When each worker was ordered that was not ready then, the oldest first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How many workers are wanted, and why."""

    wanted: int
    why: Why
    bound: Bound | None
    """What kept it from another number; None: nothing."""
    forecast: float | None
    """Seconds from acceptance to picture within which 95 of 100 waiting jobs are expected to be done by `wanted`
    workers; None where no job waits, or none may begin."""
    needed: int
    """Workers that are needed now; `wanted` may be more, while some are held."""
    jobs: int
    """That wait."""
    late: int
    """Waiting jobs whose picture is expected later than the target."""
    running: int
    ready: int
    starting: int
    """Workers that were ordered and are not ready yet."""
    too_short: bool
    """A usual job of this line takes longer than the target: nobody can keep it."""
    assumed: tuple[str, ...]
    """What nobody has measured yet, so that an assumption stands for it: `cold_start`, and `duration:WORKFLOW`."""
    memory: Memory
    """For the next decision."""

    def facts(self) -> dict[str, str | int | float | bool | None]:
        """Return what a log line says, in plain values."""
        return {
            "wanted": self.wanted,
            "why": self.why.value,
            "bound": self.bound.value if self.bound else None,
            "forecast": None if self.forecast is None else round(self.forecast, 1),
            "needed": self.needed,
            "jobs": self.jobs,
            "late": self.late,
            "running": self.running,
            "ready": self.ready,
            "starting": self.starting,
            "too_short": self.too_short,
            "assumed": ",".join(self.assumed) or None,
        }
