"""What an operator reads when a setting is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from qwenedit_bot.app.settings import BotSettings
from qwenedit_jobs import RedisSettings, load, shown


class Example(RedisSettings):
    token: SecretStr = Field(description="from @BotFather", min_length=5)
    patience: float = Field(default=1.0, ge=0.5, le=5, description="seconds")
    strength: int = Field(default=3, gt=0, lt=10)
    workflow: str = Field(default="fast", min_length=1)


@pytest.fixture
def problems(monkeypatch, capsys):
    """Load settings that cannot be used; returns the lines on stderr."""

    def lines(**variables):
        for name, value in ({"TOKEN": "secret"} | variables).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as caught:
            load(Example)
        assert caught.value.code == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return lines


@pytest.mark.parametrize("value", ["9", "0.1", "-1", "nan", "soon"])
def test_value_out_of_range_is_named_with_its_range(problems, value):
    assert problems(PATIENCE=value) == [f"PATIENCE is '{value}': must be at least 0.5 and at most 5 (seconds)"]


@pytest.mark.parametrize("value", [None, ""])
def test_setting_that_is_required_and_absent_is_named(problems, value):
    assert problems(TOKEN=value) == ["TOKEN is not set: it is required (from @BotFather)"]


def test_secret_is_never_shown(problems):
    [line] = problems(TOKEN="1234")
    assert line.startswith("TOKEN is a value that isn't shown: ")
    assert "1234" not in line


def test_line_break_of_a_secrets_file_is_dropped_but_not_of_a_password(monkeypatch):
    monkeypatch.setenv("TOKEN", "secret\n")
    monkeypatch.setenv("REDIS_PASSWORD", "word\n")
    found = load(Example)
    assert found.token.get_secret_value() == "secret"
    assert found.redis_password
    assert found.redis_password.get_secret_value() == "word\n"


@pytest.mark.parametrize(
    "value", ["proxy:3128", "user:word@proxy:3128", "https://proxy:3128", "http://proxy:3128/path"]
)
def test_proxy_that_would_be_ignored_is_named_without_its_password(problems, value):
    [line] = problems(HTTPS_PROXY=value)
    assert line == "HTTPS_PROXY is a value that isn't shown: must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"


def test_file_without_certificates_is_named(problems, tmp_path):
    (tmp_path / "ca.pem").write_text("none")
    for name in ("ca.pem", "missing.pem"):
        [line] = problems(SSL_CERT_FILE=str(tmp_path / name))
        assert line.startswith(f"SSL_CERT_FILE is '{tmp_path / name}': must be a file with certificates in PEM (")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("localhost:6379", "localhost:6379"),
        ("http://user:hunter2@localhost/0", "http://user:***@localhost/0"),
        ("redis://:hunter2@p@ss@/0", "redis://:***@/0"),
        ("redis://localhost:99999/0", "redis://localhost:99999/0"),
    ],
)
def test_unusable_redis_url_is_told_without_its_password(problems, url, shown):
    [line] = problems(REDIS_URL=url)
    assert line.startswith(f"REDIS_URL is '{shown}': ")
    assert "hunter2" not in line


def test_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("REDIS_PREFIX", "")
    assert load(RedisSettings).keys.job_queue == "qwenedit:job_queue"


def test_prefix_begins_every_key(monkeypatch):
    monkeypatch.setenv("REDIS_PREFIX", "Studio_2.a-b")
    keys = load(RedisSettings).keys
    names = [getattr(keys, name) for name, kind in vars(type(keys)).items() if isinstance(kind, property)]
    assert all(str(name).startswith("Studio_2.a-b:") for name in names if isinstance(name, str))


@pytest.mark.parametrize("prefix", ["a b", "a:b", "a*", "a?", "[a]", "{a}", "ä", "a\nb", "a" * 41, "a'$(x)"])
def test_prefix_with_a_character_that_patterns_or_acl_rules_read_is_refused(problems, prefix):
    [line] = problems(REDIS_PREFIX=prefix)
    assert line.startswith(("REDIS_PREFIX is '", 'REDIS_PREFIX is "'))
    assert line.endswith("(1 to 40 letters, digits, `.`, `_` and `-`)")


def test_queue_of_another_name_is_refused_with_the_way_out(problems):
    [line] = problems(REDIS_JOB_QUEUE_KEY="studio:line", REDIS_PREFIX="studio")
    assert line.startswith("settings: REDIS_JOB_QUEUE_KEY is 'studio:line', but")
    assert "studio:job_queue" in line


def test_queue_key_of_the_old_system_is_taken_where_it_fits_the_prefix(monkeypatch):
    monkeypatch.setenv("REDIS_JOB_QUEUE_KEY", "qwenedit:job_queue")
    assert load(RedisSettings).keys.job_queue == "qwenedit:job_queue"


def test_settings_are_shown_without_secrets(monkeypatch):
    monkeypatch.setenv("TOKEN", "hunter2")
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@one/0")
    told = shown(load(Example))
    assert "hunter2" not in str(told)
    assert (told["REDIS_URL"], told["PATIENCE"]) == ("redis://:***@one/0", "1.0")
    assert "REDIS_PASSWORD" not in told


def test_env_file_gives_what_the_environment_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {"TOKEN": "theirs", "PATIENCE": ""})
    text = '\ufeffexport redis_url = "redis://one:1/0" # who\nTOKEN=file\nPATIENCE=2\nPICTURES_URL=file:///a$b\nAWS_REGION=x\n'
    Path(".env").write_text(text, encoding="utf-8")
    found = load(Example)
    assert (found.redis_url, found.token.get_secret_value()) == ("redis://one:1/0", "theirs")
    assert (found.patience, found.pictures_url, os.environ["AWS_REGION"]) == (1.0, "file:///a$b", "x")


def test_env_file_in_another_encoding_stops_the_start(tmp_path, monkeypatch, problems):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENV_FILE")
    Path(".env").write_text("TOKEN=secret\n", encoding="utf-16")
    [line] = problems()
    assert line.startswith(".env cannot be read: 'utf-8' codec")


def test_problem_between_two_settings_is_told_in_our_words_alone(monkeypatch, capsys):
    monkeypatch.setenv("BOT_TOKEN", "1:abc")
    monkeypatch.setenv("STAR_PACKS", "10:50")
    with pytest.raises(SystemExit):
        load(BotSettings)
    said = capsys.readouterr().err
    assert said == "settings: STAR_PACKS is set: set JOBS_PER_DAY, beyond which they count, and PAY_SUPPORT\n"
