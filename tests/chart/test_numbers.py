"""Every value that may have a point is taken as text as well: Helm's `--set` makes that of it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import helm_python
import pytest

from tests.chart.conftest import load_example
from tests.chart.goldens import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WHOLE: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())


def fractions(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the numbers with bounds that may have a point, with their paths; `[]` stands for a list."""
    if "number" in schema.get("type", ()) and "minimum" in schema:
        yield ".".join(path), schema
    for key, below in schema.get("properties", {}).items():
        yield from fractions(below, (*path, key))
    if "items" in schema:
        yield from fractions(schema["items"], (*path, "[]"))


FRACTIONS = dict(fractions(WHOLE))


def values_with(changes: Mapping[str, object]) -> dict[str, Any]:
    values = copy.deepcopy(load_example("production"))
    for path, value in changes.items():
        *parents, last = path.removesuffix(".[]").split(".")
        level = values
        for key in parents:
            level = level.setdefault(key, {})
        level[last] = [value] if path.endswith("[]") else value
    return values


def inside(schema: dict[str, Any]) -> tuple[float, float]:
    """Return the least, and one with a point."""
    least = schema["minimum"]
    return least, (least + schema.get("maximum", schema.get("exclusiveMaximum", least + 7.5))) / 2


def outside(schema: dict[str, Any]) -> list[str]:
    least, most = schema["minimum"], schema.get("maximum")
    beyond = (
        [most + 1, most + 0.25] if most is not None else [schema[key] for key in ("exclusiveMaximum",) if key in schema]
    )
    return [f"{value:g}" for value in (least - 1, least - 0.01, *beyond)] + ["0,5", "", "five"]


def test_numbers_with_a_point_say_the_same_as_text(render):
    for which in (0, 1):
        numbers = {path: inside(schema)[which] for path, schema in FRACTIONS.items()}
        texts = {path: f"{value:g}" for path, value in numbers.items()}
        assert render(values_with(texts)) == render(values_with(numbers))


def test_text_outside_a_numbers_bounds_is_refused(helm_chart, subtests):
    for path, schema in FRACTIONS.items():
        for text in outside(schema):
            with subtests.test(path), pytest.raises(helm_python.HelmValuesError, match="does not match pattern"):
                helm_chart.validate_schema(values_with({path: text}))
