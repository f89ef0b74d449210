"""The first minutes of an installation, in which the models are downloaded."""

from __future__ import annotations

import json
import re
import time

from tests.e2e.cluster.installation import CHART, helm, values
from tests.e2e.cluster.installing import namespace
from tests.e2e.cluster.kube import attempt

SHA256 = "a" * 64
SETS = (
    "models.enabled=true",
    "models.claim.size=1Gi",
    "redis.persistence.enabled=false",
)
FILES = json.dumps([{"path": "a.safetensors", "url": "http://nowhere.invalid/a", "sha256": SHA256}])


async def test_helm_test_says_that_the_models_are_being_downloaded():
    async with namespace("qwenedit-e2e-download") as kube:
        into = f"--namespace={kube.namespace}"
        await helm("install", "new", str(CHART), into, *values(*SETS), f"--set-json=models.files={FILES}")
        started = time.monotonic()
        code, out, err = await attempt("helm", "test", "new", into, "--timeout=120s")
        seconds = time.monotonic() - started
        log = await kube("logs", "new-qwenedit-modelstest")
        await helm("uninstall", "new", into)
    print(f"helm test ended after {seconds:.0f} s")
    assert code, out
    assert "a.safetensors: missing" in log
    assert re.search(r"The models are still being downloaded, for \d+ s so far|has not begun", log)
    assert "new-qwenedit-modelstest" in err
