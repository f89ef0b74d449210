"""What a platform engineer reads when the cluster lacks something; bad values are tests/chart's business."""

from __future__ import annotations

import os

from tests.e2e.cluster.cluster_without import cluster_without
from tests.e2e.cluster.installation import CHART, values
from tests.e2e.cluster.kube import attempt


async def test_cluster_without_keda_is_named_with_both_ways_out(kube, tmp_path):
    async with cluster_without("keda.sh", tmp_path) as kubeconfig:
        code, _out, said = await attempt(
            "helm",
            "install",
            "nokeda",
            str(CHART),
            f"--namespace={kube.namespace}",
            *values(),
            env={**os.environ, "KUBECONFIG": kubeconfig},
        )
    print(said)
    assert code != 0
    assert "autoscaling.enabled needs KEDA, which this cluster lacks" in said
    assert "helm install keda" in said
    assert "autoscaling.enabled=false" in said
    assert not await kube.objects("Secret", labels="owner=helm,name=nokeda"), "nothing was installed"


async def test_rights_in_the_namespace_alone_suffice_to_install(kube):
    await kube("create", "rolebinding", "tenant", "--clusterrole=admin", "--user=tenant")
    argv = ("helm", "install", "tenant", str(CHART), f"--namespace={kube.namespace}", "--dry-run=server")
    try:
        code, _out, said = await attempt(*argv, *values(), "--kube-as-user=tenant")
    finally:
        await kube("delete", "rolebinding", "tenant")
    assert code == 0, said


async def test_claim_that_exists_with_another_mode_is_refused_by_name(kube):
    own, given = "modes-qwenedit-models", "weights"
    for claim in (own, given):
        await kube.apply(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim, "namespace": kube.namespace},
                "spec": {"accessModes": ["ReadWriteOncePod"], "resources": {"requests": {"storage": "1Gi"}}},
            }
        )
    argv = ("helm", "install", "modes", str(CHART), f"--namespace={kube.namespace}", "--dry-run=server")
    try:
        _code, _out, changed = await attempt(*argv, *values("models.enabled=true"))
        _code, _out, single = await attempt(
            *argv, *values("models.enabled=true", f"models.claim.existingClaim={given}")
        )
        code, absent, _said = await attempt(*argv, *values("models.enabled=true", "models.claim.existingClaim=nowhere"))
    finally:
        await kube("delete", "pvc", own, given)
    print(changed, single, sep="\n")
    assert f"models.claim.accessModes is ReadWriteOnce, but the claim {own} exists with ReadWriteOncePod" in changed
    assert f"the models' claim {given} is ReadWriteOncePod, which one pod mounts" in single
    assert "autoscaling.maxReplicas allows 2 workers" in single
    assert code == 0
    assert f"the models' claim nowhere does not exist in {kube.namespace}" in absent
