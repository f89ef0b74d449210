"""What the chart's examples render to, in the form that is kept in git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHART = Path(__file__).parents[2] / "charts/qwenedit"
EXAMPLES = sorted(path.parent.name for path in (CHART / "examples").glob("*/values.yaml"))
RELEASE, NAMESPACE = "edit", "photos"
GENERATED = ("-redis", "-webhook")
"""Endings of the Secrets whose words differ from one render to the next."""


def ordered(documents: Iterable[Any]) -> list[dict[str, Any]]:
    """Sort manifests by kind and name, and leave empty ones out."""
    return sorted((one for one in documents if one), key=lambda one: (one["kind"], one["metadata"]["name"]))


def canonical(manifests: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Write manifests in one form, without generated words and without the dashboards' text."""
    for one in manifests:
        shown = one
        if one["kind"] == "Secret" and one["metadata"]["name"].endswith(GENERATED):
            shown = {**one, "data": dict.fromkeys(one["data"], "(generated)")}
        elif "-dashboard-" in one["metadata"]["name"]:
            shown = {**one, "data": dict.fromkeys(one["data"], "(a file of dashboards/)")}
        yield yaml.safe_dump(shown, sort_keys=False, width=160)
