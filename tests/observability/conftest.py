"""What the chart brings for Prometheus and Grafana."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.observability.chart import Manifest, monitored, rule_file

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def everything() -> list[Manifest]:
    """All objects of the chart, with its defaults and all of its monitoring."""
    return monitored()


@pytest.fixture(scope="session")
def rules(everything: list[Manifest]) -> Manifest:
    return rule_file(everything)


@pytest.fixture(scope="session")
def dashboards(everything: list[Manifest]) -> dict[str, Manifest]:
    """The dashboards by the names of their files."""
    return {
        name: json.loads(text)
        for one in everything
        if one["kind"] == "ConfigMap" and "grafana_dashboard" in one["metadata"]["labels"]
        for name, text in one["data"].items()
    }


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """Find a program of Prometheus; who has none at home skips what needs it, but no run that CI counts on."""

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            reason = f"{program} is not installed (Debian's package prometheus has it)"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        return path

    return find


@pytest.fixture(scope="session")
def promtool(need: Callable[[str], str]) -> str:
    """Path of `promtool`, which comes with Prometheus."""
    return need("promtool")
