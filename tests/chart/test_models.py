"""How the models come to the nodes: what a claim allows, and what the notes say of it."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml

from tests.chart.goldens import CHART, by_object, differences
from tests.chart.test_properties import of_kind

FOLDER = CHART / "examples" / "models"
KEPT = FOLDER / "rendered.diff"
WAYS = sorted(FOLDER.glob("*.yaml"))
TOKEN = {"bot": {"token": {"existingSecret": "telegram"}}}


@pytest.fixture
def notes(helm_chart):
    """Render the notes that helm prints after an installation."""
    return lambda **values: helm_chart.render({**TOKEN, **values}, name="edit", namespace="photos")[
        "qwenedit/templates/NOTES.txt"
    ]


def test_claim_of_one_node_with_several_workers_is_told_of_in_the_notes(notes):
    said = notes(autoscaling={"maxReplicas": 4})
    assert "the models' claim edit-qwenedit-models (ReadWriteOnce), and there may be 4 workers" in said
    assert "docs/models.md" in said


@pytest.mark.parametrize(
    "fitting",
    [
        {"autoscaling": {}},
        {"autoscaling": {"enabled": False}},
        {"models": {"claim": {"accessModes": ["ReadWriteMany"]}}},
        {"worker": {"pod": {"nodeSelector": {"kubernetes.io/hostname": "gpu-1"}}}},
        {"comfyui": {"placement": "standalone"}},
        {"models": {"enabled": False}},
    ],
    ids=str,
)
def test_claim_that_fits_the_workers_is_no_matter_for_the_notes(notes, fitting):
    assert "WARNING" not in notes(**{"autoscaling": {"maxReplicas": 4}} | fitting)


@pytest.mark.parametrize(("placement", "component"), [("sidecar", "worker"), ("standalone", "comfyui")])
def test_command_of_the_notes_reads_only_pods_that_have_comfyui(notes, placement, component):
    [command] = [line for line in notes(comfyui={"placement": placement}).splitlines() if line.endswith("-c comfyui")]
    assert f"/component={component} " in command


PLACED: dict[str, Any] = {
    "nodeSelector": {"gpu": "a"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
}


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("worker", {}),
        ("comfyui", {"comfyui": {"placement": "standalone"}}),
        ("worker", {"models": {"download": {"onEachNode": True}}}),
    ],
    ids=["sidecar", "standalone", "each-node"],
)
def test_download_goes_where_comfyui_runs_and_holds_no_gpu(render, part, values):
    pod = {**PLACED, "affinity": {**PLACED["affinity"], "podAntiAffinity": {}}}
    manifests = render({**TOKEN, **values, part: {**values.get(part, {}), "pod": pod}})
    (download,) = (one["spec"]["template"]["spec"] for one in manifests if one["kind"] in {"Job", "DaemonSet"})
    assert {key: download[key] for key in PLACED} == PLACED
    (container,) = download["containers"]
    assert "/worker:" in container["image"]
    assert not any("gpu" in name for kind in container["resources"].values() for name in kind)


def test_claim_of_one_pod_is_not_mounted_by_the_test_as_well(render):
    manifests = render({**TOKEN, "models": {"claim": {"accessModes": ["ReadWriteOncePod"]}}})
    assert [one["metadata"]["name"] for one in of_kind(manifests, "Pod")] == ["edit-qwenedit-selftest"]


@pytest.mark.parametrize("placement", ["sidecar", "standalone"])
def test_test_of_the_models_goes_to_a_node_of_a_pod_that_mounts_them(render, placement):
    """A claim of one node can't be mounted on another one, where the pod would wait for ever."""
    manifests = render({**TOKEN, "comfyui": {"placement": placement}})
    templates = [one["spec"]["template"] for one in manifests if "template" in one.get("spec", {})]
    mounting = {
        template["metadata"]["labels"]["app.kubernetes.io/component"]
        for template in templates
        if any(volume["name"] == "models" for volume in template["spec"]["volumes"])
    }
    (test,) = of_kind(manifests, "Pod", "-modelstest")
    (term,) = test["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (component,) = term["labelSelector"]["matchExpressions"]
    assert set(component["values"]) == mounting | {"test"}


def test_change_by_each_way_of_the_models_is_kept_in_git(render):
    before = by_object(render(TOKEN))
    said = []
    for path in WAYS:
        after = by_object(render({**TOKEN, **yaml.safe_load(path.read_text())}))
        said += [f"=== {path.name}", *differences(before, after)]
    shown = "\n".join([*said, ""])
    if os.environ.get("UPDATE_GOLDENS"):
        KEPT.write_text(shown)
    assert KEPT.read_text() == shown, "look at the difference; if it is meant, run `make chart`"


@pytest.mark.parametrize("path", WAYS, ids=lambda path: path.stem)
def test_ready_made_values_give_the_notes_nothing_to_warn_of(notes, path):
    assert "WARNING" not in notes(**yaml.safe_load(path.read_text()))
