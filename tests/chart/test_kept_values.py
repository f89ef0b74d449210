"""`helm upgrade --reuse-values` renders a chart with the values of the one before, which lack what is new."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import helm_python
import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from tests.chart.conftest import TOKEN, WEBHOOK
from tests.chart.goldens import CHART, manifests_in
from tests.chart.test_environment import SETTINGS, config, settings_of
from tests.chart.test_schemas import CUSTOM, NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterator


OLDER = Path(__file__).parent / "data/values-of-an-older-chart.yaml"
STORED = {"pictures": {"url": "s3://photos/a"}}
TLS = {"redis": {"enabled": False, "external": {"url": "rediss://redis.data"}}}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[helm_python.Chart]:
    """This chart with an older one's values, as `--reuse-values` has it."""
    folder = tmp_path_factory.mktemp("kept") / "qwenedit"
    shutil.copytree(CHART, folder, ignore=shutil.ignore_patterns("examples"))
    shutil.copy(OLDER, folder / "values.yaml")
    with helm_python.Chart.load(folder) as kept:
        yield kept


@pytest.mark.parametrize(
    "values",
    [TOKEN, {"bot": WEBHOOK}, {**TOKEN, **STORED}, {**TOKEN, **TLS}],
    ids=["polling", "webhook", "bucket", "redis with TLS"],
)
def test_values_of_an_older_chart_render_and_leave_what_is_new_to_defaults(chart, values):
    chart.validate_schema(values)
    manifests = manifests_in(chart.render(values, name="edit", namespace="photos"))
    for one in manifests:
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, NEWEST, strict=True)
    for part in SETTINGS:
        assert all(config(manifests, part).values())
        assert settings_of(manifests, part)


def test_notes_warn_where_an_older_release_s_image_is_kept(tmp_path):
    folder = tmp_path / "qwenedit"
    shutil.copytree(CHART, folder, ignore=shutil.ignore_patterns("examples"))
    released = f"sha256:{'a' * 64}"
    images = f"  artifacthub.io/images: |\n    - {{name: bot, image: r/bot@{released}}}\n"
    (folder / "Chart.yaml").write_text((folder / "Chart.yaml").read_text() + images)
    with helm_python.Chart.load(folder) as chart:
        for digest, warned in ((released, False), (f"sha256:{'b' * 64}", True)):
            values = {"bot": {**TOKEN["bot"], "image": {"digest": digest}}}
            notes = chart.render(values, name="edit", namespace="photos")["qwenedit/templates/NOTES.txt"]
            assert ("bot.image.digest is not that of the image released" in notes) is warned
            assert "worker.image.digest" not in notes
