"""The tables of settings against the settings themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwenedit_bot.app.settings import BotSettings
from qwenedit_worker.settings import WorkerSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/configuration.md").read_text()
NAMES = re.compile(r"`([A-Z][A-Z0-9_]+)`")
NOT_WRITTEN = ("", "required", "host name")


def table(heading: str) -> dict[str, str]:
    """Variable → the default that a section gives it."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n#", maxsplit=1)[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return {name: default.strip(" `") for names, default in rows for name in NAMES.findall(names)}


def written(value: object) -> str:
    """Write a default as an operator would."""
    if isinstance(value, tuple):
        return ",".join(map(written, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize(("heading", "settings"), [("Bot", BotSettings), ("Worker", WorkerSettings)])
class TestTable:
    def test_each_setting_is_listed_and_nothing_else(self, heading: str, settings):
        shared = table("Bot and worker")
        assert set(table(heading)) <= {name.upper() for name in settings.model_fields}
        assert {name.upper() for name in settings.model_fields} <= set(table(heading)) | set(shared)

    def test_each_default_is_the_one_in_force(self, heading: str, settings):
        listed = {**table("Bot and worker"), **table(heading)}
        in_force = {
            name.upper(): written(field.get_default())
            for name, field in settings.model_fields.items()
            if listed.get(name.upper(), "") not in NOT_WRITTEN
        }
        assert {name: listed[name] for name in in_force} == in_force
