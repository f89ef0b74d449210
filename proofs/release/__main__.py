"""A tag becomes signed images and a chart that names them, and whatever is wrong with a release stops it.

Real: the stages of .ci/release/release.sh in a clone with a version and a tag of its own, buildah, cosign, syft, crane
and helm. In place of GitHub: a registry of crane's on this machine, and a key in place of the workflow's identity. Exit
code 1 where a stage fails, the chart names other images than those that were signed, or a bad release is not refused.

With --registry it goes to a registry that is there, and stays. With --install it is then installed on a cluster that
pulls from there, with simulators, and a user sends a photo.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from proofs.release.installed import edits_a_photo
from proofs.release.refusals import refusals
from proofs.release.registry import registry
from proofs.release.rehearsal import IMAGES, Rehearsal
from qwenedit_testkit import ROOT
from qwenedit_testkit.programs import command_line, conclude, unable

NEEDED = ("buildah", "git", "go", "helm")


async def main() -> bool:
    """Run the release and the bad ones, and print what came of them."""
    parser = command_line(__doc__)
    parser.add_argument("--registry", metavar="HOST:PORT/PATH", help="a registry that is there and speaks HTTP")
    parser.add_argument("--install", action="store_true", help="and install it where KUBECONFIG points to")
    parser.add_argument("--images", nargs="+", default=IMAGES, help="what to build (%(default)s)")
    options = parser.parse_args()
    if options.install and not options.registry:
        unable("--install needs a --registry that the cluster pulls from")
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        unable(f"not installed: {', '.join(missing)}")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="release-")))
        address = options.registry or await stack.enter_async_context(registry(ROOT))
        rehearsal = await Rehearsal.cloned(ROOT, folder, address)
        stack.push_async_callback(rehearsal.forget_images)
        print(f"release {rehearsal.version} to {address}")
        good = await _releases(rehearsal, options.images)
        if good and options.install:
            print("\ninstalled on the cluster:")
            good = await edits_a_photo(rehearsal)
        if good:
            print("\nrefused, as it must be:")
            good = await refusals(rehearsal)
    print("KEPT" if good else "BROKEN")
    return good


async def _releases(rehearsal: Rehearsal, images: list[str]) -> bool:
    """Go through the stages, and look what the chart names."""
    tag = f"v{rehearsal.version}"
    for stage in (("check", tag), ("images", *images), ("publish",), ("chart",), ("verify",), ("notes",)):
        began = time.monotonic()
        code, output = await rehearsal.stage(*stage)
        print(f"{time.monotonic() - began:6.1f} s  {' '.join(stage)}", flush=True)
        if code:
            print(output)
            return False
    rendered = await rehearsal.installed_manifests()
    named = set(re.findall(r"image: \"?([^\s\"]+)", rendered))
    signed = {f"{rehearsal.registry}/{name}@{digest}" for name, digest in rehearsal.digests().items()}
    for image in sorted(named):
        print(f"    {'signed' if image in signed else 'not of this release'}: {image}")
    return all(f"{rehearsal.registry}/{name}@" in rendered for name in ("bot", "worker") if name in images)


if __name__ == "__main__":
    conclude(main())
