from __future__ import annotations

import pytest

from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.payments.payments import Pack
from qwenedit_jobs import load

TOKEN = "123456:AbCdEfGhIjKlMnOpQrStUvWxYz"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", TOKEN)


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as caught:
        load(BotSettings)
    assert caught.value.code == 2
    return capsys.readouterr().err


def test_defaults_are_those_of_the_old_system() -> None:
    settings = load(BotSettings)
    assert settings.limits.max_attempts == 3
    assert settings.limits.retry_delays == (5.0, 10.0, 20.0)
    assert settings.probe_port == 8081


@pytest.mark.parametrize("token", ["secret", "abc:def", "123:", "123:a b", ":abc"])
def test_malformed_token_is_refused_without_being_shown(
    token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOT_TOKEN", token)
    said = refusal(capsys)
    assert "BOT_TOKEN" in said
    assert token not in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RETRY_DELAYS", "5,-1"),
        ("RETRY_DELAYS", "5,x"),
        ("BOT_LOG_LEVEL", "LOUD"),
        ("TELEGRAM_API_URL", "api.telegram.org"),
        ("STAR_PACKS", "10"),
        ("STAR_PACKS", "0:5"),
        ("STAR_PACKS", "10:50"),
    ],
)
def test_value_out_of_range_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert variable in refusal(capsys)


def test_hooks_address_is_checked_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MODERATION_URL", "moderation/check?key=5417")
    said = refusal(capsys)
    assert "MODERATION_URL" in said
    assert "5417" not in said


def test_packs_need_a_days_number_and_somebody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAR_PACKS", "10:50, 50:200")
    monkeypatch.setenv("JOBS_PER_DAY", "3")
    monkeypatch.setenv("PAY_SUPPORT", "@owner")
    assert load(BotSettings).star_packs == (Pack(10, 50), Pack(50, 200))


def test_wait_longer_than_pictures_are_kept_is_refused_with_both_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAX_WAIT", "3601")
    monkeypatch.setenv("PICTURE_TTL", "3600")
    said = refusal(capsys)
    assert "MAX_WAIT is 3601 s and PICTURE_TTL 3600 s" in said
