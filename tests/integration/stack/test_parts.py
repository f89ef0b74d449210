"""What parts leave on disk where they are killed."""

from __future__ import annotations

from local_stack import ComfyUISimulator, TelegramSimulator, bare_environment
from telegram_simulator.client import TelegramSimulator as Chats


async def test_files_that_a_killed_telegram_simulator_left_go_at_its_next_start(tmp_path):
    def files() -> list[bytes]:
        return [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]

    part = TelegramSimulator(env=bare_environment(), temp_dir=tmp_path / "telegram")
    await part.start()
    async with Chats(part.url) as chats:
        ann = await chats.user()
        await ann.send(document=b"scan", name="scan.bin")
    await part.kill()
    assert files() == [b"scan"]
    await part.start()
    assert files() == []
    await part.stop()


async def test_killed_comfyui_simulator_leaves_nothing_outside_its_folder(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    part = ComfyUISimulator(env=bare_environment(TMPDIR=str(elsewhere)), data_dir=tmp_path / "comfyui")
    await part.start()
    await part.kill()
    assert list(elsewhere.iterdir()) == []
