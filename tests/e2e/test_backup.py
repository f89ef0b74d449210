"""docs/backup.md, command by command: what an uninstalled release had is there again, but for what came later."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from qwenedit_testkit.runbooks import commands
from tests.e2e.cluster.installation import CHART, REPOSITORY, helm, values
from tests.e2e.cluster.installing import namespace, simulated_telegram
from tests.e2e.cluster.kube import attempt, eventually

if TYPE_CHECKING:
    from pathlib import Path

PAGE = REPOSITORY / "docs/backup.md"
NAMESPACE, RELEASE = "qwenedit-e2e-backup", "edit"
OWN = "own.rdb"
"""Backup that is taken straight from Redis."""


class Reader:
    """Somebody who types what the page says, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.words = {"CHART": str(CHART)}
        self._folder = folder
        self._page = [command.text for command in commands(PAGE)]

    async def attempt(self, words: str) -> tuple[int, str]:
        """Type the one command that has these words; returns its exit code and what it printed."""
        (text,) = [each for each in self._page if words in each]
        text = re.sub(r"\b(CHART|FILE)\b", lambda found: self.words[found[0]], text)
        text = text.replace("-n photos", f"-n {NAMESPACE}")
        code, out, err = await attempt("bash", "-c", f"cd {self._folder} && {text}")
        return code, out + err

    async def type(self, *all_words: str) -> str:
        """Type commands one after the other; returns what they printed."""
        said = ""
        for words in all_words:
            code, out = await self.attempt(words)
            assert code == 0, f"{words}: {out}"
            said += out
        return said


async def test_backup_brings_back_balances_bans_and_unfinished_jobs(tmp_path, photo):
    async with namespace(NAMESPACE) as kube, simulated_telegram(kube) as telegram:
        admin, ann, bob, eve = [await telegram.user() for _ in range(4)]
        sets = ("bot.settings.jobsPerDay=1", f"bot.settings.admins[0]={admin.id}")
        await helm("install", RELEASE, str(CHART), f"--namespace={NAMESPACE}", *values(*sets), "--wait")
        started, reader = time.monotonic(), Reader(tmp_path)
        (claim,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
        await kube("apply", "--filename=-", stdin=claim)
        await reader.type("reuse-values --set backup.existingClaim")
        await kube("rollout", "status", f"statefulset/{RELEASE}-qwenedit-redis", "--timeout=60s")

        for command, answer in (
            ("/pause", "Queue paused"),
            (f"/grant {ann.id} 5", "has 5 more jobs"),
            (f"/ban {bob.id}", "is banned"),
        ):
            await admin.send(command)
            await admin.says(answer, timeout=30)
        await ann.send(photo=photo, caption="make it snow")
        await eventually("a job", lambda: jobs(kube), within=30)
        log = await reader.type("job --from=", "condition=complete", "logs job/backup-now", "delete job backup-now")
        (backup,) = re.findall(r"(\S+) is complete: \d+ keys read", log)
        assert (await reader.type("jsonpath={.status.lastSuccessfulTime}")).endswith("Z")
        reader.words["FILE"] = OWN
        await reader.type("--user admin --rdb")
        assert (tmp_path / OWN).read_bytes().startswith(b"REDIS")
        await admin.send(f"/ban {eve.id}")
        await admin.says(f"User {eve.id} is banned")
        await admin.send("/resume")
        first = await ann.picture(timeout=60)
        print(f"two backups after {time.monotonic() - started:.0f} s")

        reader.words["FILE"] = backup
        await reader.type("get values edit")
        over = ["upgrade", RELEASE, str(CHART), f"--namespace={NAMESPACE}", "--reset-then-reuse-values"]
        _, _, said = await attempt("helm", *over, f"--set=backup.restore={backup}")
        assert "Redis of this release runs, with data of its own" in said
        await restore(reader)
        await bob.send("/help")
        await bob.says("has blocked you", timeout=30)
        assert await jobs(kube)
        print(f"{backup} restored after {time.monotonic() - started:.0f} s")
        await reader.type("--set backup.restore=")
        await kube("rollout", "status", f"statefulset/{RELEASE}-qwenedit-redis", "--timeout=60s")
        await eve.send("/help")
        await eve.says("What works well", timeout=30)
        await ann.send("/limits")
        await ann.says("5 more that never expire", timeout=30)
        await admin.send("/resume")

        async def answered_again():
            return any(picture.id != first.id for picture in (await ann.snapshot()).pictures)

        await eventually("the picture, again", answered_again, within=60)
        print(f"pictures in the chat: {len((await ann.snapshot()).pictures)}")
        print(f"all answered after {time.monotonic() - started:.0f} s")


async def restore(reader):
    """Give up what is there, and install again with the file."""
    await reader.type("uninstall edit", "delete pvc", "install edit CHART")
    log = await reader.type("rollout status", "logs edit-qwenedit-redis-0")
    assert f"{reader.words['FILE']} is restored" in log


async def jobs(kube):
    """Return the lines of jobs that wait."""
    listing = ["exec", f"deploy/{RELEASE}-qwenedit-bot", "--", "qwenedit", "jobs", "list"]
    code, out, _ = await attempt("kubectl", f"--namespace={kube.namespace}", *listing)
    return code == 0 and re.findall(r"^[0-9a-f]{16}\b.*queued", out, re.MULTILINE)
