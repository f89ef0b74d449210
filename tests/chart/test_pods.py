"""What values make of a part's pods, where it is no plain copy."""

from __future__ import annotations

from tests.chart.conftest import TOKEN

AZURE = "azure.workload.identity/use"


def named(manifests, kind, name):
    (found,) = (one for one in manifests if (one["kind"], one["metadata"]["name"]) == (kind, f"edit-qwenedit-{name}"))
    return found


def test_recreated_workers_have_no_settings_of_a_rolling_update(render):
    worker = named(render({**TOKEN, "worker": {"strategy": {"type": "Recreate"}}}), "Deployment", "worker")
    assert worker["spec"]["strategy"] == {"type": "Recreate"}


def test_token_value_that_changes_restarts_the_bot_alone(render):
    first, second = (render({"bot": {"token": {"value": token}}}) for token in ("1:abc", "1:xyz"))
    for part in ("bot", "worker"):
        before, after = (named(manifests, "Deployment", part)["spec"]["template"] for manifests in (first, second))
        assert (before == after) is (part == "worker")


def test_selftest_has_the_bots_identity_at_azure(render):
    manifests = render({"bot": {**TOKEN["bot"], "podLabels": {AZURE: "true", "team": "photos"}}})
    assert named(manifests, "Pod", "selftest")["metadata"]["labels"].items() >= {AZURE: "true"}.items()
    assert "team" not in named(manifests, "Pod", "selftest")["metadata"]["labels"]
    assert AZURE not in named(render(TOKEN), "Pod", "selftest")["metadata"]["labels"]
