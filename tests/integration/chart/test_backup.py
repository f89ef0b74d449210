"""The chart's scripts of backups, on a real Redis: what is refused is said in words, and loses nothing."""

from __future__ import annotations

import asyncio
import os
import sys

import helm_python
import pytest
import yaml
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from local_stack.keep.folder import opened
from local_stack.redis_server import RedisServer, redis_program
from local_stack.run.backup import back_up
from tests.integration.chart.conftest import BACKUP, CHART, VALKEY_CLI

FILE = "a.rdb"
READ_BY_THE_CHARTS = b"REDIS0011"
"""What a file begins with that Valkey 8.1 reads; this machine's writes newer ones, too."""


class Scripts:
    """The scripts with their folders moved to one of the test's, and the programs that Valkey's image has."""

    def __init__(self, folder, port):
        self.backups, self.data, self.programs = (folder / name for name in ("backups", "restored", "programs"))
        for made in (self.backups, self.data, self.programs):
            made.mkdir()
        for name in ("valkey-check-rdb", "valkey-server"):
            (self.programs / name).symlink_to(redis_program(packaged=True))
        client = self.programs / "valkey-cli"
        client.write_text(f'#!/bin/sh\nexec {sys.executable} {VALKEY_CLI} {port} "$@"\n')
        client.chmod(0o755)
        values = {"bot": {"token": {"existingSecret": "t"}}, "backup": {**BACKUP, "restore": FILE}}
        with helm_python.Chart.load(CHART) as chart:
            rendered = chart.render(values, name="edit", namespace="photos")
        texts = (text for path, text in rendered.items() if path.endswith("templates/backup/configmap.yaml"))
        self._scripts = {
            name: text.replace("/backups", str(self.backups)).replace("/data", str(self.data))
            for name, text in yaml.safe_load(next(texts))["data"].items()
        }
        self._environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOSTNAME": "pod",
            "KEEP": "2",
            "RESTORE": FILE,
            "REDISCLI_AUTH": "backup's pass word #1",
        }

    async def start(self, script, **environment):
        pipe, out = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
        environment = self._environment | environment
        return await asyncio.create_subprocess_exec(
            "sh", "-c", self._scripts[script], env=environment, stdin=pipe, stdout=pipe, stderr=out
        )

    async def run(self, script, *, stdin=b"", **environment):
        process = await self.start(script, **environment)
        said, _ = await process.communicate(stdin)
        return process.returncode, said.decode()

    def files(self):
        return sorted(path.name for path in self.backups.iterdir())

    async def restored(self):
        """Start a Redis with what was restored; returns its keys with their values."""
        redis = RedisServer(self.data, program=redis_program(packaged=True))
        await redis.start()
        try:
            async with Redis(port=redis.port, decode_responses=True) as client:
                return {key: await client.get(key) for key in await client.keys()}
        finally:
            await redis.stop()


@pytest.fixture
async def scripts(server, tmp_path):
    async with server.client("bot") as bot:
        await bot.set("qwenedit:account", "7 jobs")
    return Scripts(tmp_path, server.port)


@pytest.fixture
async def backup(scripts):
    """A good backup, under the name that is asked for."""
    code, said = await scripts.run("backup.sh")
    assert code == 0, said
    (file,) = scripts.backups.iterdir()
    return file.rename(scripts.backups / FILE)


async def until_said(process, words):
    lines = b""
    async with asyncio.timeout(15):
        while words not in lines.decode():
            lines += await process.stdout.readline()


async def refused(scripts, words):
    """Run the restore until it says these words and waits; returns it."""
    process = await scripts.start("restore.sh")
    await until_said(process, words)
    assert process.returncode is None
    assert list(scripts.data.iterdir()) == []
    return process


async def test_backup_is_restored_once(scripts, backup):
    code, said = await scripts.run("restore.sh")
    assert (code, "a.rdb is restored: 1 keys read" in said) == (0, True), said
    assert await scripts.restored() == {"qwenedit:account": "7 jobs"}
    backup.write_bytes(b"another")
    code, said = await scripts.run("restore.sh")
    assert (code, "was restored before" in said) == (0, True), said
    assert await scripts.restored() == {"qwenedit:account": "7 jobs"}


async def test_mark_that_the_client_writes_behind_a_backup_is_left_out(scripts, backup):
    backup.write_bytes(backup.read_bytes() + b"4ae411fee88a936772b96cf13ef99ad0e49e181d")
    code, said = await scripts.run("restore.sh")
    assert code == 0, said
    assert await scripts.restored() == {"qwenedit:account": "7 jobs"}


async def test_restore_over_data_is_refused(scripts, backup):
    assert (await scripts.run("restore.sh"))[0] == 0
    code, said = await scripts.run("restore.sh", RESTORE="b.rdb")
    assert code == 1
    assert "Redis' claim has data already, and nothing was changed" in said
    assert "helm -n photos uninstall edit" in said
    assert await scripts.restored() == {"qwenedit:account": "7 jobs"}


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "no backup"])
async def test_damaged_backup_is_refused_until_a_good_one_is_sent(damage, scripts, backup):
    good = backup.read_bytes()
    middle = len(good) // 2
    bad = {"cut": good[:middle], "changed": good[:-1] + bytes([good[-1] ^ 1]), "empty": b"", "no backup": b"key: value"}
    backup.write_bytes(bad[damage])
    process = await refused(scripts, "REFUSED: a.rdb is damaged or not complete")
    assert (await scripts.run("receive.sh", stdin=good))[0] == 0
    await until_said(process, "a.rdb is restored")
    assert await process.wait() == 0
    assert await scripts.restored() == {"qwenedit:account": "7 jobs"}


@pytest.mark.parametrize("magic", [b"REDIS0099", b"VALKEY999"])
async def test_backup_of_a_newer_version_is_refused(magic, scripts, backup):
    backup.write_bytes(magic + backup.read_bytes()[len(magic) :])
    process = await refused(scripts, "REFUSED: a.rdb is of a newer version than this Valkey (v=")
    process.kill()
    await process.wait()


async def test_restore_waits_for_a_file_that_is_sent(scripts, backup):
    good = backup.read_bytes()
    backup.rename(scripts.backups / "b.rdb")
    process = await refused(scripts, "The claim has: b.rdb . To send it: kubectl -n photos exec -i")
    assert (await scripts.run("receive.sh", stdin=good))[0] == 0
    await until_said(process, "a.rdb is restored")
    assert await process.wait() == 0


async def test_oldest_backups_go_when_a_new_one_is_complete(scripts):
    for day in (1, 2, 3):
        (scripts.backups / f"qwenedit-2026010{day}T000000Z.rdb").touch()
    (scripts.backups / "pc.rdb").touch()
    code, said = await scripts.run("backup.sh")
    assert code == 0, said
    *kept, new = scripts.files()[1:]
    assert (scripts.files()[0], kept) == ("pc.rdb", ["qwenedit-20260103T000000Z.rdb"])
    assert f"{new} is complete: 1 keys read" in said


async def test_backup_that_fails_leaves_the_older_ones(scripts):
    (scripts.backups / "qwenedit-20260101T000000Z.rdb").touch()
    (scripts.programs / "valkey-cli").write_text("#!/bin/sh\necho Connection refused\nexit 1\n")
    (scripts.programs / "sleep").symlink_to("/bin/true")
    code, said = await scripts.run("backup.sh", KEEP="1")
    assert code == 1
    assert "No backup was made, and the older ones are as they were: Redis doesn't answer. Connection refused" in said
    assert scripts.files() == ["qwenedit-20260101T000000Z.rdb"]


async def test_user_of_backups_may_do_nothing_else(server):
    async with server.client("backup") as client:
        for command in (("get", "qwenedit:a"), ("set", "qwenedit:a", "b"), ("config", "get", "*"), ("keys", "*")):
            with pytest.raises(NoPermissionError):
                await client.execute_command(*command)


async def test_folder_of_one_pc_becomes_a_backup(tmp_path):
    with opened(tmp_path / "run") as folder:
        redis = RedisServer(folder.redis, password=folder.secret("redis"), program=redis_program(packaged=True))
        await redis.start()
        async with Redis(port=redis.port, password=folder.secret("redis")) as client:
            await client.set("qwenedit:account", "7 jobs")
        await redis.stop()
        scripts = Scripts(tmp_path, redis.port)
        await back_up(folder, scripts.backups / FILE)
    assert (scripts.backups / FILE).read_bytes().startswith(READ_BY_THE_CHARTS)
    assert (await scripts.run("restore.sh"))[0] == 0
    assert await scripts.restored() == {"qwenedit:account": "7 jobs"}
