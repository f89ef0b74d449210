"""What an operator wants: a wait, a least and a greatest number of workers, and what an hour may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from qwenedit_bot.scaling.decision import Bound


@dataclass(frozen=True, slots=True)
class Policy:
    """What is wanted.

    Raises:
        ValueError: a number that is none, negative or impossible beside another one; the text names both.
    """

    target: float = 120.0
    """Seconds from a photo's acceptance to its picture that 95 of 100 users wait at most."""
    minimum: int = 0
    """Workers that always run."""
    maximum: int = 4
    """Workers at most."""
    price: float | None = None
    """Of one worker for an hour, in any currency; None where nobody has said."""
    budget: float | None = None
    """What all workers may cost an hour, in the currency of the price; None: no bound."""
    hold: float | None = None
    """Seconds for which a number stays wanted after it was last needed, while there are jobs; None: as long as a cold
    start, between one minute and fifteen. The HPA holds it for as long as its own scale-down is stabilized, on top."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{field.name} is {value}: a number from 0 up is needed")
        if self.target == 0:
            raise ValueError("target is 0 s: a picture takes longer")
        if self.maximum < max(1, self.minimum):
            raise ValueError(f"maximum is {self.maximum}, below {max(1, self.minimum)}")
        if self.budget is None:
            return
        if not self.price:
            raise ValueError(f"budget is {self.budget:g} an hour, and price is {self.price}: nobody knows what it buys")
        if self.most < max(1, self.minimum):
            raise ValueError(
                f"budget is {self.budget:g} an hour, which buys {self.most} workers for {self.price:g} each:"
                f" {max(1, self.minimum)} is the least"
            )

    @property
    def most(self) -> int:
        """Workers that may run, by maximum and budget."""
        if self.budget is None or not self.price:
            return self.maximum
        # Ten workers for 0.3 cost 3, whatever floating point makes of it.
        return min(self.maximum, math.floor(self.budget / self.price + 1e-9))

    @property
    def upper_bound(self) -> Bound:
        """Which of the two bounds it is."""
        return Bound.BUDGET if self.most < self.maximum else Bound.MAXIMUM
