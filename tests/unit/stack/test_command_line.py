"""`python -m local_stack`: its help, and its `.env` file."""

from __future__ import annotations

import pytest

from local_stack.run import command_line


def test_help_is_printed_and_nothing_starts(capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.read(["--help"], {})
    assert caught.value.code == 0
    assert "BOT_TOKEN" in capsys.readouterr().out


def test_argument_that_is_no_option_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.read(["PORT=8100"], {})
    assert caught.value.code == 2
    assert "unrecognized arguments: PORT=8100" in capsys.readouterr().err


def test_env_file_gives_what_the_environment_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=8100\nBOT_TOKEN = '1:abc'\n")
    environment = {"PORT": "8200"}
    command_line.read([], environment)
    assert environment == {"PORT": "8200", "BOT_TOKEN": "1:abc"}
