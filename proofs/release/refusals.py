"""Releases that are wrong, each in another way, and what must be said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proofs.release.registry import refusing_registry

if TYPE_CHECKING:
    from proofs.release.rehearsal import Rehearsal

LONGEST = 200
"""Characters of a message that are shown."""


async def refusals(rehearsal: Rehearsal) -> bool:
    """Try each of them after a good release; tells whether all were refused for the right reason."""
    tag = f"v{rehearsal.version}"
    judged = [
        _judge("the same version again", "is there already", await rehearsal.stage("check", tag)),
        _judge("a tag of another version", "the tag v0.0.1 is not", await rehearsal.stage("check", "v0.0.1")),
    ]
    readme = rehearsal.clone / "README.md"
    before = readme.read_text()
    readme.write_text(f"{before}\n")
    judged.append(_judge("files that no commit has", "files have changed", await rehearsal.stage("check", tag)))
    readme.write_text(before)

    async with refusing_registry() as address:
        refused = await rehearsal.stage("images", "bot", REGISTRY=address, DIST="dist/refused")
        judged.append(_judge("a registry that lets nobody write", "403 (Forbidden)", refused))

    judged.append(
        _judge("a chart without ComfyUI's image", "no image of comfyui", await rehearsal.stage("chart", WITHOUT=""))
    )

    await rehearsal.key_pair("stranger")
    stranger = str(rehearsal.key.with_name("stranger.key"))
    judged.append(
        _judge(
            "a signature of somebody else", "failed to verify", await rehearsal.stage("verify", SIGNING_KEY=stranger)
        )
    )

    bot, worker = (f"{rehearsal.registry}/{name}" for name in ("bot", "worker"))
    released = f"{bot}:{rehearsal.version}"
    await rehearsal.crane("copy", f"{worker}@{rehearsal.digests()['worker']}", released)
    judged.append(_judge("a tag that was moved", "is not the image that was signed", await rehearsal.stage("verify")))
    await rehearsal.crane("copy", f"{bot}@{rehearsal.digests()['bot']}", released)

    unsigned = f"{bot}:unsigned"
    await rehearsal.crane("mutate", released, "--platform=linux/amd64", "--label=changed=yes", f"--tag={unsigned}")
    judged.append(_judge("an image that nobody signed", "no signatures found", await rehearsal.verified(unsigned)))
    return all(judged)


def _judge(what: str, reason: str, came: tuple[int, str]) -> bool:
    code, output = came
    lines = [line.strip() for line in output.splitlines() if reason.lower() in line.lower()]
    good = code != 0 and bool(lines)
    print(f"    {what}: {lines[-1][:LONGEST] if good else f'NOT REFUSED: {output}'}")
    return good
