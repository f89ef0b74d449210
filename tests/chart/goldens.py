"""What the chart's examples render to, in the form that is kept in git."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CHART = Path(__file__).parents[2] / "charts/qwenedit"
EXAMPLES = sorted(path.parent.name for path in (CHART / "examples").glob("*/values.yaml"))
WHOLE = {"minimal", "production"}
"""Examples whose render is kept whole; of the others it is kept by what differs from `minimal`."""
RELEASE, NAMESPACE = "edit", "photos"


def manifests_in(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the manifests of rendered files, read by libyaml, which takes a tenth of PyYAML's time."""
    return ordered(
        one
        for path, text in files.items()
        if path.endswith(".yaml")
        for one in yaml.load_all(text, Loader=yaml.CSafeLoader)
    )


def ordered(documents: Iterable[Any]) -> list[dict[str, Any]]:
    """Sort manifests by kind and name, and leave empty ones out."""
    return sorted((one for one in documents if one), key=lambda one: (one["kind"], one["metadata"]["name"]))


def reproducible(manifests: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return manifests without generated words and without the dashboards' text."""
    for one in manifests:
        if one["kind"] == "Secret" and one["metadata"]["name"].endswith("-redis"):
            yield {**one, "data": dict.fromkeys(one["data"], "(generated)")}
        elif "-dashboard-" in one["metadata"]["name"]:
            yield {**one, "data": dict.fromkeys(one["data"], "(a file of dashboards/)")}
        else:
            yield one


def canonical(manifests: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Write what is reproducible of manifests in one form."""
    for one in reproducible(manifests):
        yield yaml.safe_dump(one, sort_keys=False, width=160)


def by_object(manifests: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the lines of each object that is rendered."""
    rendered = zip(manifests, canonical(manifests), strict=True)
    return {f"{one['kind']}/{one['metadata']['name']}": text.splitlines() for one, text in rendered}


def differences(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the lines by which two renders differ, each object's after its name; places in them change too often."""
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"-{name}"
            continue
        lines = list(difflib.unified_diff(before.get(name, []), after[name], n=0, lineterm=""))[2:]
        if lines:
            yield f" {name}"
            yield from (line for line in lines if not line.startswith("@@"))


def kept_of(example: str) -> Path:
    """Return the file in git that has an example's render."""
    return CHART / "examples" / example / ("rendered.yaml" if example in WHOLE else "rendered.diff")


def kept_form(example: str, manifests: list[dict[str, Any]], minimal: list[dict[str, Any]]) -> str:
    """Write an example's render as it is kept in git.

    Args:
        example: Its name.
        manifests: Its render.
        minimal: The render of the example `minimal`.
    """
    if example in WHOLE:
        return "---\n".join(canonical(manifests))
    return "\n".join([*differences(by_object(minimal), by_object(manifests)), ""])
