"""What becomes of pods whose node is lost or drained."""

from __future__ import annotations

import helm_python
import pytest

from tests.chart.conftest import TOKEN, WEBHOOK

UNREACHABLE, NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"
ALL = {**TOKEN, "comfyui": {"placement": "standalone"}}


def bound_for(manifests, part):
    """Return the seconds that a part's pods stay bound to a node with each taint."""
    pod = next(
        one["spec"]["template"]["spec"]
        for one in manifests
        if one["kind"] in {"Deployment", "StatefulSet"} and one["metadata"]["name"].endswith(f"-{part}")
    )
    return {one.get("key"): one.get("tolerationSeconds") for one in pod.get("tolerations", [])}


@pytest.mark.parametrize("part", ["bot", "worker", "comfyui"])
def test_lost_node_is_left_within_seconds(render, part):
    seconds = bound_for(render(ALL), part)
    assert seconds[UNREACHABLE] == 5
    assert seconds[NOT_READY] == 30


def test_lost_node_of_redis_is_left_when_kubernetes_says_so(render):
    assert bound_for(render(ALL), "redis") == {}


def budgets(manifests):
    return {
        one["metadata"]["name"].rpartition("-")[2]: one["spec"]["maxUnavailable"]
        for one in manifests
        if one["kind"] == "PodDisruptionBudget"
    }


def test_budgets_are_for_replicas_of_the_bot_and_for_workers_where_asked(render):
    assert budgets(render(TOKEN)) == {}
    assert budgets(render({"bot": WEBHOOK})) == {"bot": 1}
    assert budgets(render({"bot": WEBHOOK, "podDisruptionBudget": {"workers": "50%"}})) == {"bot": 1, "worker": "50%"}


@pytest.mark.parametrize("most", [0, "0%"])
def test_budget_that_would_block_each_drain_is_refused(render, most):
    with pytest.raises(helm_python.HelmError, match="workers"):
        render({"bot": WEBHOOK, "podDisruptionBudget": {"workers": most}})
