"""What the tests look at in PromQL, by a parser of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import promql_parser

_CHILDREN = ("lhs", "rhs", "expr", "param", "args", "vector_selector")


@dataclass(frozen=True)
class Selector:
    """One selection of series.

    Args:
        name: The metric.
        matchers: What its labels are to be, such as `job=~".+"`.
        function: The function that it stands in with a range; None without a range.
        seconds: The length of the range.
    """

    name: str
    matchers: frozenset[str]
    function: str | None
    seconds: float | None


def selectors(expression: str) -> list[Selector]:
    """Return all selections of an expression.

    Raises:
        ValueError: it is no PromQL.
    """
    return _selectors(promql_parser.parse(expression), None)


def _selectors(node: Any, function: str | None) -> list[Selector]:
    if isinstance(node, promql_parser.VectorSelector):
        return [_selector(node, None, None)]
    if isinstance(node, promql_parser.MatrixSelector):
        return [_selector(node.vector_selector, function, node.range.total_seconds())]
    if isinstance(node, promql_parser.Call):
        function = node.func.name
    found = []
    for name in _CHILDREN:
        child = getattr(node, name, None)
        for one in child if isinstance(child, list) else [child]:
            if isinstance(one, promql_parser.Expr):
                found += _selectors(one, function)
    return found


def _selector(node: Any, function: str | None, seconds: float | None) -> Selector:
    signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    matchers = frozenset(
        f'{one.name}{signs[str(one.op).rpartition(".")[2]]}"{one.value}"' for one in node.matchers.matchers
    )
    return Selector(name=node.name, matchers=matchers, function=function, seconds=seconds)
