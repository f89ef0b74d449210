from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from qwenedit_bot.scaling.decision import Bound
from qwenedit_bot.scaling.policy import Policy


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": 0}, "target is 0 s"),
        ({"target": nan}, "target is nan"),
        ({"target": inf}, "target is inf"),
        ({"hold": -1}, "hold is -1"),
        ({"minimum": -1}, "minimum is -1"),
        ({"maximum": 0}, "maximum is 0, below 1"),
        ({"minimum": 3, "maximum": 2}, "maximum is 2, below 3"),
        ({"price": -1.0}, "price is -1"),
        ({"budget": 4.0}, "price is None: nobody knows what it buys"),
        ({"budget": 4.0, "price": 0.0}, "price is 0.0: nobody knows what it buys"),
        ({"budget": nan, "price": 1.0}, "budget is nan"),
        ({"budget": 0.9, "price": 1.0}, "buys 0 workers for 1 each: 1 is the least"),
        ({"budget": 2.0, "price": 1.0, "minimum": 3}, "buys 2 workers for 1 each: 3 is the least"),
    ],
)
def test_policy_that_cannot_be_names_what_is_wrong(values: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        Policy(**values)


@pytest.mark.parametrize(
    ("budget", "price", "most", "bound"),
    [
        (None, None, 4, Bound.MAXIMUM),
        (None, 0.0, 4, Bound.MAXIMUM),
        (3.0, 1.0, 3, Bound.BUDGET),
        (3.99, 1.0, 3, Bound.BUDGET),
        (0.3, 0.1, 3, Bound.BUDGET),
        (40.0, 1.0, 4, Bound.MAXIMUM),
    ],
)
def test_budget_buys_whole_workers(budget: float | None, price: float | None, most: int, bound: Bound):
    policy = Policy(maximum=4, price=price, budget=budget)
    assert (policy.most, policy.upper_bound) == (most, bound)
