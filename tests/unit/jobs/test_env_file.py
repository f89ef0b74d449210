"""What a `.env` file beside the process does, and what an operator reads when a line of it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwenedit_bot.app.settings import BotSettings
from qwenedit_jobs import RedisSettings, load
from qwenedit_jobs.env_file import read_env_file
from qwenedit_jobs.setting_names import FORMER_NAMES, NAMES
from qwenedit_worker.settings import WorkerSettings

if TYPE_CHECKING:
    from pathlib import Path

OLD = """\
# Worker environment variables
REDIS_HOST=localhost

BOT_TOKEN = "1:abc"  # from @BotFather
WORKER_POLLING_INTERVALL=2
BACKEND_API_URL=http://localhost:8000
"""
SUCCESSOR = "of qweneditbot's settings it is now REDIS_URL (docs/from-qweneditbot.md)"


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch) -> Path:
    """The file of a process that was started in its folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def test_env_file_sets_what_the_environment_does_not(env_file, monkeypatch):
    env_file.write_text('\ufeffexport redis_url = "redis://one:1/0"\nREDIS_USERNAME=a$b # who\nREDIS_PASSWORD=file\n')
    monkeypatch.delenv("ENV_FILE")
    for name in ("REDIS_URL", "REDIS_USERNAME"):
        monkeypatch.setenv(name, "to be forgotten after the test")
        monkeypatch.delenv(name)
    monkeypatch.setenv("REDIS_PASSWORD", "environment")
    settings = load(RedisSettings)
    assert (settings.redis_url, settings.redis_username) == ("redis://one:1/0", "a$b")
    assert settings.redis_password is not None
    assert settings.redis_password.get_secret_value() == "environment"


def test_empty_variable_of_the_environment_wins_too(env_file):
    env_file.write_text("REDIS_PASSWORD=file\n")
    environment = {"REDIS_PASSWORD": ""}
    assert read_env_file(environment) == []
    assert environment == {"REDIS_PASSWORD": ""}


def test_unknown_name_is_told_with_its_line_and_the_nearest_name(env_file):
    env_file.write_text(OLD)
    environment: dict[str, str] = {}
    assert read_env_file(environment) == [
        f".env, line 2: REDIS_HOST is no setting; {SUCCESSOR}",
        ".env, line 5: WORKER_POLLING_INTERVALL is no setting; did you mean WORKER_POLLING_INTERVAL?",
        ".env, line 6: BACKEND_API_URL is no setting; docs/configuration.md lists all settings",
    ]
    assert environment == {}


def test_service_does_not_start_with_an_unknown_name(env_file, monkeypatch, capsys):
    env_file.write_text("REDIS_URI=redis://:hunter2@one/0\n")
    monkeypatch.delenv("ENV_FILE")
    with pytest.raises(SystemExit) as caught:
        load(WorkerSettings)
    assert caught.value.code == 2
    assert capsys.readouterr().err == ".env, line 1: REDIS_URI is no setting; did you mean REDIS_URL?\n"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (b"ADMINS=1\nBOT_TOKEN 1:secret\n", ".env, line 2: it has not the form NAME=value"),
        (b"BOT_TOKEN\n", ".env, line 1: BOT_TOKEN has no value; write BOT_TOKEN=value"),
        ("ADMINS=1\n".encode("utf-16"), ".env is no UTF-8 text: save it as UTF-8"),
    ],
)
def test_line_that_cannot_be_read_is_told_without_what_it_says(env_file, written: bytes, problem: str):
    env_file.write_bytes(written)
    assert read_env_file({}) == [problem]


def test_file_that_is_named_must_be_there_and_an_empty_name_is_none(env_file):
    env_file.write_text("NONSENSE=1\n")
    assert read_env_file({"ENV_FILE": ""}) == []
    assert read_env_file({"ENV_FILE": "prod.env"}) == ["prod.env cannot be read: No such file or directory"]


def test_list_of_names_is_that_of_the_settings():
    ours = {name.upper() for settings in (BotSettings, WorkerSettings) for name in settings.model_fields}
    assert ours <= NAMES
    assert NAMES - ours == {"DATA", "PORT"}
    assert set(FORMER_NAMES.values()) <= NAMES
    assert not NAMES & FORMER_NAMES.keys()
