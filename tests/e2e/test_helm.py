"""What is kept of the chart's examples is what helm itself makes of them; other tests render with its library."""

from __future__ import annotations

import pytest
import yaml

from tests.chart.goldens import CHART, EXAMPLES, NAMESPACE, RELEASE, kept_form, kept_of, ordered
from tests.e2e.cluster.installation import helm

GIVEN = {
    "bot": {
        "mode": "webhook",
        "token": {"existingSecret": "telegram"},
        "webhook": {"url": "https://bot.example.com/hook", "from": [{"podSelector": {}}]},
    },
    "redis": {"auth": {"existingSecret": "redis-users"}},
}
"""Every Secret that the chart would make up."""


async def template(*argv: str) -> str:
    return await helm("template", RELEASE, str(CHART), f"--namespace={NAMESPACE}", *argv)


async def example_by_helm(example):
    text = await template(f"--values={CHART / 'examples' / example / 'values.yaml'}")
    return ordered(yaml.safe_load_all(text))


@pytest.mark.parametrize("example", EXAMPLES)
async def test_helm_renders_an_example_to_what_is_kept_in_git(example):
    rendered = kept_form(example, await example_by_helm(example), await example_by_helm("minimal"))
    assert rendered == kept_of(example).read_text()


async def test_render_is_the_same_twice_where_each_secret_is_given(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(GIVEN))
    assert await template(f"--values={values}") == await template(f"--values={values}")
