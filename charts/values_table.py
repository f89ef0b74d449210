"""Keep the table of values in the chart's README equal to values.yaml.

    python charts/values_table.py            write the table
    python charts/values_table.py --check    fail when README.md has another one

A value's description is the comment above it; its default is what YAML says.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART = Path(__file__).parent / "qwenedit"
BEGIN, END = "<!-- values: made by charts/values_table.py -->", "<!-- end of values -->"
KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][A-Za-z0-9]*):(?P<value>.*)$")
LONGEST_DEFAULT = 60


@dataclass(frozen=True, slots=True)
class Value:
    """One value that can be set."""

    path: str
    default: str
    description: str


def values(text: str) -> Iterator[Value]:
    """Read the values that have a description, in their order.

    A section's own comment becomes a row only where the section has no rows below it.
    """
    data = yaml.safe_load(text)
    comment: list[str] = []
    keys: list[tuple[int, str]] = []
    described: list[Value] = []
    for line in text.splitlines():
        if line.strip().startswith("#"):
            comment.append(line.strip().removeprefix("#").strip())
            continue
        if match := KEY.match(line):
            indent = len(match["indent"])
            keys = [entry for entry in keys if entry[0] < indent] + [(indent, match["key"])]
            if comment:
                path = ".".join(key for _, key in keys)
                described.append(Value(path, json.dumps(_at(data, path)), " ".join(comment)))
        comment = []
    for value in described:
        if not any(other.path.startswith(f"{value.path}.") for other in described):
            yield value


def _at(data: Any, path: str) -> Any:
    for key in path.split("."):
        data = data[key]
    return data


def table(text: str) -> str:
    """Draw the table in Markdown."""
    rows = ["| value | default | |", "| --- | --- | --- |"]
    for value in values(text):
        default = value.default if len(value.default) <= LONGEST_DEFAULT else "see values.yaml"
        code = f"`{default}`" if default != "see values.yaml" else default
        rows.append(
            f"| `{value.path}` | {code.replace('|', chr(92) + '|')} | {value.description.replace('|', chr(92) + '|')} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Write or check the README."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the table is an old one")
    arguments = parser.parse_args()
    readme = CHART / "README.md"
    before = readme.read_text()
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    after = f"{head}{BEGIN}\n{table((CHART / 'values.yaml').read_text())}\n{END}{tail}"
    if arguments.check:
        if after != before:
            raise SystemExit(
                "the table of values in charts/qwenedit/README.md is old: run python charts/values_table.py"
            )
        return
    readme.write_text(after)


if __name__ == "__main__":
    main()
