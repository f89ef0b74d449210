"""What the examples render to is in git, so that a review sees the change. UPDATE_GOLDENS=1 writes it anew."""

from __future__ import annotations

import os

import pytest

from tests.chart.conftest import load_example
from tests.chart.goldens import CHART, EXAMPLES, kept_form, kept_of, reproducible


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_renders_to_what_is_kept_in_git(example, renders):
    made = {each.name: each.manifests for each in renders}
    rendered = kept_form(example, made[f"examples/{example}"], made["examples/minimal"])
    kept = kept_of(example)
    if os.environ.get("UPDATE_GOLDENS"):
        kept.write_text(rendered)
    assert kept.read_text() == rendered, "look at the difference; if it is meant, run `make chart`"
    assert f"(examples/{example}/values.yaml)" in (CHART / "README.md").read_text()


def test_only_the_generated_passwords_differ_between_two_renders(render):
    values = load_example("minimal")
    assert list(reproducible(render(values))) == list(reproducible(render(values)))
