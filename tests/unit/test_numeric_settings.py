"""Each number among the settings has two bounds, and no value of it ends in a traceback."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qwenedit_bot.app.settings import BotSettings
from qwenedit_jobs import load, shown
from qwenedit_worker.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from qwenedit_jobs import RedisSettings

LONGEST_LINE = 400
EXTREMES = (
    "1" + 30 * "0",
    "9" * 5000,
    "0." + 30 * "0" + "1",
    "1E-30",
    "1e400",
    "1e-400",
    "nan",
    "NaN",
    "sNaN",
    "inf",
    "-inf",
    "-1",
    "-" + "9" * 40,
    "0",
    "1_000",
    "0x10",
    "\uff11",
    "1,1",
    "1:1",
    "{}",
    "\x00",
    "\udcff",
)


def numbers(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All numbers that a setting may hold, also those of a list."""
    if schema.get("type") in {"number", "integer"}:
        yield schema
    items = schema.get("items", {})
    for inner in (*schema.get("anyOf", ()), *schema.get("prefixItems", ()), *([items] if items else ())):
        yield from numbers(inner)


def numeric(settings: type[RedisSettings]) -> dict[str, list[dict[str, Any]]]:
    """Variable → the numbers in it."""
    found = {name.upper(): list(numbers(schema)) for name, schema in settings.model_json_schema()["properties"].items()}
    return {name: each for name, each in found.items() if each}


SERVICES: tuple[type[RedisSettings], ...] = (BotSettings, WorkerSettings)
VARIABLES = [(settings, name) for settings in SERVICES for name in numeric(settings)]


def test_number_has_two_bounds() -> None:
    for settings, variable in VARIABLES:
        for number in numeric(settings)[variable]:
            assert {"minimum", "exclusiveMinimum"} & number.keys(), variable
            assert {"maximum", "exclusiveMaximum"} & number.keys(), variable


def test_extreme_number_is_taken_or_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], subtests: pytest.Subtests
) -> None:
    variables: list[tuple[type[RedisSettings], str]] = [*VARIABLES, (BotSettings, "STAR_PACKS")]
    for settings, variable in variables:
        with subtests.test(variable):
            for value in EXTREMES:
                monkeypatch.setattr("os.environ", {"ENV_FILE": "", "BOT_TOKEN": "1:abc", variable: value})
                with suppress(SystemExit):
                    shown(load(settings))
                for line in capsys.readouterr().err.splitlines(keepends=True):
                    assert (line.endswith("\n"), variable in line, len(line) < LONGEST_LINE) == (True, True, True)
