"""No image has the testkit: nothing that is deployed depends on it."""

from __future__ import annotations

import tomllib

from qwenedit_testkit import ROOT


def test_testkit_is_a_dependency_of_nothing():
    projects = [tomllib.loads(path.read_text())["project"] for path in ROOT.glob("*/*/pyproject.toml")]
    assert "qwenedit-testkit" in {project["name"] for project in projects}
    assert [project["name"] for project in projects if "qwenedit-testkit" in project["dependencies"]] == []
