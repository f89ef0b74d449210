"""An upgrade that changes one value breaks off at no object that Kubernetes does not change."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import helm_python
import jsonschema
import pytest
import yaml

from tests.chart.conftest import TOKEN
from tests.chart.goldens import CHART, manifests_in
from tests.chart.test_guards import nested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
LOOKUP = "lookup .version .kind .root.Release.Namespace .name"
CLUSTER = 'get (fromJson (.root.Files.Get "cluster.json")) (printf "%s/%s" .kind .name)'
"""Takes the place of a lookup: the objects that the first installation has made."""
SAMPLES: list[Any] = [
    ["IPv4"],
    False,
    True,
    0.5,
    2,
    300,
    9000,
    "https://a.example.com",
    "a",
    "1:a",
    "/a",
    "64Gi",
    "512mb",
    "90s",
    "97",
    "@daily",
    f"sha256:{'a' * 64}",
    {"a": "a"},
    {"A": "a"},
    {"limits": {"memory": "64Gi"}},
    {"QweneditBotDown": {"for": "1h"}},
    ["a"],
    ["a:1"],
    [7],
    ["ReadWriteMany"],
    [{"kind": "Own", "metadata": {"name": "own"}}],
    [{"jobs": 1, "stars": 1}],
    [{"path": "a", "url": "https://a.example.com", "sha256": "a" * 64}],
    [{"start": "0 9 * * *", "end": "0 17 * * *", "timezone": "UTC", "workers": 1}],
]
INSTALLED_FAMILY = "IPv6"
"""Of the first installation's Services, which the cluster has decided."""
SMALLER = {"models.claim.size": "1Gi", "redis.persistence.size": "4Gi"}


def leaves(schema: dict[str, Any], *path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    for key, child in schema.get("properties", {}).items():
        yield from leaves(child, *path, key)
    if "properties" not in schema:
        yield ".".join(path), schema


def default_of(path: str) -> Any:
    value = DEFAULTS
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def other_values(path: str, schema: dict[str, Any]) -> Iterator[Any]:
    """Return values that the schema takes and that are not the default: one of each form."""
    taken = jsonschema.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})
    samples = [*schema.get("enum", []), *(value for value in SAMPLES if "enum" not in schema)]
    fitting = [value for value in samples if value != default_of(path) and taken.is_valid(value)]
    yield fitting[0]
    if path in SMALLER:
        yield SMALLER[path]


TOGETHER = 16
"""Changes of one render, as long as it's taken."""
CHANGES = [(path, value) for path, schema in leaves(SCHEMA) for value in other_values(path, schema)]


def fixed(one: dict[str, Any]) -> Any:
    """Return what Kubernetes does not change of an object."""
    spec = one.get("spec", {})
    if one["kind"] == "Job":
        return spec["template"]
    if one["kind"] == "StatefulSet":
        return {
            key: value for key, value in spec.items() if key not in {"template", "replicas", "revisionHistoryLimit"}
        }
    if one["kind"] in {"Deployment", "DaemonSet"}:
        return spec["selector"]
    if one["kind"] == "PersistentVolumeClaim":
        return {**spec, "resources": None}
    return None


def by_name(manifests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in manifests}


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Render an upgrade over what an installation with the default values has made."""
    folder = tmp_path_factory.mktemp("upgrade") / "qwenedit"
    shutil.copytree(CHART, folder, ignore=shutil.ignore_patterns("examples", "dashboards"))
    names = folder / "templates/_names.tpl"
    assert names.read_text().count(LOOKUP) == 1
    names.write_text(names.read_text().replace(LOOKUP, CLUSTER))
    cluster = folder / "cluster.json"
    cluster.write_text("{}")
    with helm_python.Chart.load(folder) as fresh:
        made = by_name(manifests_in(fresh.render(TOKEN, name="edit", namespace="photos")))
        for service in (one for one in made.values() if one["kind"] == "Service"):
            service["spec"]["ipFamilies"] = [INSTALLED_FAMILY]
        for ready in ("StatefulSet/edit-qwenedit-redis", "Deployment/edit-qwenedit-worker"):
            made[ready]["status"] = {"readyReplicas": 1}
        cluster.write_text(json.dumps(made))
    with helm_python.Chart.load(folder) as again:

        def render(values: dict[str, Any]) -> list[dict[str, Any]]:
            return manifests_in(again.render(values, name="edit", namespace="photos"))

        yield render


@pytest.fixture(scope="module")
def installed(upgrade: Callable[..., list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return by_name(upgrade(TOKEN))


@pytest.mark.parametrize("first", range(0, len(CHANGES), TOGETHER), ids=lambda first: CHANGES[first][0])
def test_changed_value_is_taken_or_refused_in_words(first, upgrade, installed, helm_chart):
    def try_out(*changes: tuple[str, Any]) -> None:
        values = nested({"bot.token.existingSecret": "telegram", **dict(changes)})
        after = outcome(upgrade, values)
        if not isinstance(after, str):
            for name, one in by_name(after).items():
                assert name not in installed or fixed(installed[name]) == fixed(one), (name, changes)
        elif len(changes) > 1:
            named = [each for each in changes if each[0] in after]
            apart = named if 0 < len(named) < len(changes) else changes[::2]
            try_out(*apart)
            try_out(*(each for each in changes if each not in apart))
        elif after != outcome(lambda given: helm_chart.render(given, name="edit", namespace="photos"), values):
            assert changes[0][0] in after
            assert "kubectl -n photos delete" in after

    try_out(*CHANGES[first : first + TOGETHER])


def test_first_family_of_a_service_that_changes_is_refused_in_words(upgrade):
    assert upgrade({**TOKEN, "ipFamilies": [INSTALLED_FAMILY, "IPv4"]})
    with pytest.raises(helm_python.HelmRenderError, match="kubectl -n photos delete service edit-qwenedit-redis"):
        upgrade({**TOKEN, "ipFamilies": ["IPv4", INSTALLED_FAMILY]})


def test_passwords_stay(upgrade, installed):
    secrets = {name: one for name, one in installed.items() if one["kind"] == "Secret"}
    assert secrets
    assert secrets.items() <= by_name(upgrade(TOKEN)).items()


def test_new_images_are_pulled_first_on_the_node_of_a_worker(upgrade, installed):
    check = "Pod/edit-qwenedit-image-check"
    tag = {"image": {"tag": "7"}, "worker": {"pod": {"nodeSelector": {"gpu": "yes"}}}}
    pod = by_name(upgrade({**TOKEN, **tag}))[check]
    assert {one["name"]: one["image"].partition(":")[2] for one in pod["spec"]["containers"]} == dict.fromkeys(
        ["bot", "worker", "comfyui"], "7"
    )
    assert pod["spec"]["nodeSelector"] == {"gpu": "yes"}
    assert check not in installed, "what runs already was pulled again"


def test_restore_over_a_redis_that_runs_is_refused_in_words(upgrade):
    with pytest.raises(helm_python.HelmRenderError, match="kubectl -n photos delete pvc data-edit-qwenedit-redis-0"):
        upgrade({**TOKEN, "backup": {"existingClaim": "backups", "restore": "a.rdb"}})


def outcome(render: Callable[[dict[str, Any]], Any], values: dict[str, Any]) -> Any:
    """Return what is rendered, or the words of a refusal."""
    try:
        return render(values)
    except helm_python.HelmRenderError as refused:
        return str(refused)
