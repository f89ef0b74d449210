"""A release on a cluster: installed from its registry, with simulators, until a user has an edited photo."""

from __future__ import annotations

import io
import os
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from PIL import Image, ImageStat

from local_stack import Part, by_line, running
from proofs.release.rehearsal import run
from telegram_simulator.client import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from proofs.release.rehearsal import Rehearsal

NAMESPACE = "qwenedit-release"
RED = (200, 60, 20)


async def edits_a_photo(rehearsal: Rehearsal) -> bool:
    """Install the release where KUBECONFIG points to, and send a photo; nothing stays there.

    Args:
        rehearsal: Released to a registry that the cluster pulls from.
    """
    digests = rehearsal.digests()
    simulator = f"{rehearsal.registry}/telegram-simulator@{digests['telegram-simulator']}"
    manifest = (rehearsal.clone / "k8s/try/telegram-simulator.yaml").read_text()
    with_digest = rehearsal.clone.parent / "telegram-simulator.yaml"
    with_digest.write_text(manifest.replace("ghcr.io/qwenedit/telegram-simulator:dev", simulator))
    await rehearsal("kubectl", "create", "namespace", NAMESPACE)
    try:
        await _kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
        await _kubectl("apply", f"--filename={with_digest}")
        await _kubectl("rollout", "status", "deployment/telegram-simulator", "--timeout=120s")
        await rehearsal(
            "helm", "install", "qwenedit", f"oci://{rehearsal.chart}", f"--version={rehearsal.version}", "--plain-http",
            f"--namespace={NAMESPACE}", "--values=charts/qwenedit/examples/simulators/values.yaml",
            "--set=image.tag=", f"--set=comfyui.image.repository={rehearsal.registry}/comfyui-simulator",
            f"--set=comfyui.image.digest={digests['comfyui-simulator']}",
            "--set=redis.persistence.enabled=false",  # no claim, which a cluster may have no volume for
            "--set-json=networkPolicy.dns.to=[]",  # wherever this cluster has its name servers
            "--wait", "--timeout=180s",
        )  # fmt: skip
        images = await _kubectl("get", "pods", "--output=jsonpath={.items[*].spec.containers[*].image}")
        print("    " + "\n    ".join(sorted(set(images.split()))))
        return await _photo_comes_back_edited()
    finally:
        await run("helm", "uninstall", "qwenedit", f"--namespace={NAMESPACE}", "--ignore-not-found")
        await run("kubectl", "delete", "namespace", NAMESPACE, "--timeout=120s")


async def _photo_comes_back_edited() -> bool:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), RED).save(data, "JPEG")
    async with _telegram() as telegram:
        ann = await telegram.user()
        await ann.send(photo=data.getvalue(), caption="make it snow")
        answer = await ann.picture(timeout=120)
        with Image.open(io.BytesIO(await telegram.download(answer.now.photo))) as picture:
            red, _green, blue = ImageStat.Stat(picture.convert("RGB")).mean
    print(f"    a red photo came back with {blue / red:.2f} of blue to red; it had {RED[2] / RED[0]:.2f}")
    return blue / red > 2 * RED[2] / RED[0]


@asynccontextmanager
async def _telegram() -> AsyncIterator[TelegramSimulator]:
    command = ("kubectl", f"--namespace={NAMESPACE}", "port-forward", "service/telegram-simulator", ":8090")
    forward = Part("forward", command, env=dict(os.environ), ready=by_line("Forwarding from 127.0.0.1"))
    async with running([forward]):
        found = re.search(r"127\.0\.0\.1:(\d+)", "\n".join(forward.lines))
        assert found is not None
        async with TelegramSimulator(f"http://127.0.0.1:{found[1]}") as telegram:
            yield telegram


async def _kubectl(*command: str) -> str:
    return await run("kubectl", f"--namespace={NAMESPACE}", *command)
