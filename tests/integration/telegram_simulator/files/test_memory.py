"""The simulator holds little of what passes through it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest

from telegram_simulator.client import TelegramSimulator

SIZE = 18 << 20
FILES = 16


def resident(pid: int) -> int:
    """Memory of a process in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS"))


@pytest.fixture
def small(tmp_path):
    """A simulator that keeps 40 MiB of files in that folder: its process and its address."""
    command = [sys.executable, "-m", "telegram_simulator", "--port", "0", "--keep-files", "40"]
    env = {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().rpartition(" ")[2].strip()
        process.terminate()
        assert process.wait(60) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
async def test_memory_does_not_grow_with_files_and_the_oldest_are_forgotten(small, tmp_path):
    process, url = small
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    async with Bot("1:secret", session=session) as bot, TelegramSimulator(url) as telegram:
        await bot.get_me()
        ann = await telegram.user()
        settled = 0
        for number in range(FILES):
            await ann.send(document=bytes([number]) * SIZE, name="scan.bin")
            settled = settled if number else resident(process.pid)
        assert resident(process.pid) - settled < 4 * SIZE
        assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 40 << 20
        first, *_, last = [update.message.document for update in await bot.get_updates() if update.message]
        assert first is not None
        assert last is not None
        content = await bot.download(last)
        assert content is not None
        assert content.read(1) == bytes([FILES - 1])
        with pytest.raises(TelegramBadRequest, match="wrong file_id or the file is temporarily unavailable"):
            await bot.get_file(first.file_id)
        assert first.file_size == SIZE
