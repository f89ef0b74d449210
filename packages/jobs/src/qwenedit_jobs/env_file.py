"""Reads a `.env` file into the environment, and names each line of it that would have no effect."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from qwenedit_jobs.setting_names import FORMER_NAMES, LIBRARIES, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping

    from dotenv.parser import Binding

VARIABLE = "ENV_FILE"
"""Names another file; set and empty: no file is read."""
DEFAULT = ".env"
"""In the working directory. It may be absent."""
REMEDY = "docs/configuration.md lists all settings"


def read_env_file(environment: MutableMapping[str, str]) -> list[str]:
    """Add the variables of the file to an environment. Variables that are set there already win, empty ones as well.

    Args:
        environment: Is changed where there is no problem.

    Returns:
        A line for each problem. None of them contains a value: it may be a secret.
    """
    named = environment.get(VARIABLE)
    path = Path(DEFAULT if named is None else named)
    if named == "" or (named is None and not path.exists()):
        return []
    try:
        with path.open(encoding="utf-8-sig") as file:
            problems = list(_problems(str(path), list(parse_stream(file))))
    except UnicodeDecodeError:
        return [f"{path} is no UTF-8 text: save it as UTF-8"]
    except OSError as error:
        return [f"{path} cannot be read: {error.strerror}"]
    if not problems:
        _add(dotenv_values(path, interpolate=False, encoding="utf-8-sig"), environment)
    return problems


def _add(found: Mapping[str, str | None], environment: MutableMapping[str, str]) -> None:
    for name, value in found.items():
        environment.setdefault(name.upper(), value or "")


def _problems(path: str, lines: list[Binding]) -> Iterator[str]:
    for line in lines:
        # Blank lines and comments before a binding belong to it.
        said = line.original.string
        number = line.original.line + said[: len(said) - len(said.lstrip())].count("\n")
        place = f"{path}, line {number}"
        if line.error:
            yield f"{place}: it has not the form NAME=value"
        elif line.key is not None and line.value is None:
            yield f"{place}: {line.key} has no value; write {line.key}=value"
        elif line.key is not None and not _known(line.key.upper()):
            yield f"{place}: {line.key} is no setting; {_hint(line.key.upper())}"


def _known(name: str) -> bool:
    return name in NAMES or name.startswith(LIBRARIES)


def _hint(name: str) -> str:
    if name in FORMER_NAMES:
        return f"of qweneditbot's settings it is now {FORMER_NAMES[name]} (docs/from-qweneditbot.md)"
    nearest = get_close_matches(name, NAMES, n=1)
    return f"did you mean {nearest[0]}?" if nearest else REMEDY
