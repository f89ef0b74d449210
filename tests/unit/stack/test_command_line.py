"""`python -m local_stack`: its help, and its `.env` file."""

from __future__ import annotations

from local_stack.run import command_line


def test_env_file_gives_what_the_environment_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=8100\nBOT_TOKEN = '1:abc'\n")
    environment = {"PORT": "8200"}
    command_line.read([], environment)
    assert environment == {"PORT": "8200", "BOT_TOKEN": "1:abc"}
