"""The bot's settings, read from the environment, and the numbers that nobody has had to change."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode

from qwenedit_bot.payments.payments import Pack
from qwenedit_jobs import RedisSettings
from qwenedit_jobs.queue.intake import QueueLimits
from qwenedit_jobs.settings import LogLevel  # noqa: TC001 - pydantic reads the annotations

UPDATES_AT_ONCE = 50
"""Updates handled at once, each of another chat."""
ANSWERS_AT_ONCE = 16
"""Answers given at once, each in another chat."""
PICTURE_MEMORY = 192 * 1024 * 1024
"""Bytes of pictures in memory: all files downloaded at once with their conversions, and 50 MB more."""

_ADDRESS = (r"https?://[^/\s]+\S*", "must begin with http:// or https://, and have no blanks")
_SECRETS = {
    "bot_token": (r"\d+:[A-Za-z0-9_-]+", "must have the form 123456789:AbC-dEf, digits before the colon"),
    "moderation_url": _ADDRESS,
    "llm_url": _ADDRESS,
}
"""The form of secrets, and the message for a wrong one, which never quotes its value."""

UserId = Annotated[int, Field(gt=-(1 << 52), lt=1 << 52)]
"""A user's ID, or a group's or channel's, which is negative."""


class BotSettings(RedisSettings):
    """The bot's settings. `RedisSettings` has those that it shares with the worker."""

    bot_token: SecretStr = Field(description="@BotFather gives it out")
    telegram_api_url: str = Field(default="https://api.telegram.org", pattern=r"^https?://\S+$")
    """Address of the Bot API server."""
    webhook_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+\S*$")
    """Public address of the webhook; Telegram requires https. If unset, the bot polls, with one replica only."""
    webhook_port: int = Field(default=8443, ge=1, le=65535)
    bot_log_level: LogLevel = "INFO"
    probe_port: int = Field(default=8081, ge=0, le=65535)
    """Port of the probes and metrics; 0 for a free one."""
    max_retries: int = Field(default=3, ge=1, le=10)
    """Attempts per job, including the first."""
    retry_delays: Annotated[tuple[Annotated[float, Field(ge=0, le=3600)], ...], NoDecode] = Field(
        default=(5.0, 10.0, 20.0), min_length=1, description="comma-separated seconds, such as 5,10,20"
    )
    """Seconds before the second, third, … attempt; the last one repeats."""
    max_queue_length: int = Field(default=1000, ge=1, le=1_000_000)
    """Jobs that may wait; more are refused."""
    max_unfinished_jobs_per_user: int = Field(default=3, ge=1, le=1_000_000)
    """Unfinished jobs that a user may have."""
    max_wait: float = Field(default=3_600.0, ge=60, le=7 * 86_400)
    """Seconds within which a job must begin, also after a failed attempt; otherwise it fails. At most `picture_ttl`."""
    admins: Annotated[frozenset[UserId], NoDecode] = Field(
        default=frozenset(), description="comma-separated Telegram user ids"
    )
    """Telegram ids of users with the admin commands and without limits."""
    allowed_users: Annotated[frozenset[UserId], NoDecode] = Field(
        default=frozenset(), description="comma-separated Telegram user ids"
    )
    """Telegram IDs of users who may use the bot besides the admins; if empty, everybody may."""
    jobs_per_day: int | None = Field(default=None, ge=0, le=1_000_000)
    """Free jobs per user and UTC day; if unset, there's no limit."""
    star_packs: Annotated[tuple[Pack, ...], NoDecode] = Field(
        default=(), description="comma-separated jobs:stars, such as 10:50,50:200"
    )
    """Packs of jobs for Telegram Stars, beyond the daily ones; if empty, nothing is sold."""
    pay_support: str = Field(default="", max_length=200)
    """The contact for questions about payments, such as @name. Telegram requires one of bots that sell."""
    moderation_url: SecretStr | None = Field(default=None, description="http:// or https://")
    """Moderation hook, called before a job is accepted and before its result is shown; if unset, there's none."""
    moderation_token: SecretStr | None = None
    """Bearer token for the hook."""
    llm_url: SecretStr | None = Field(default=None, description="http:// or https://")
    """Base URL of a server with OpenAI's chat completions, such as `http://ollama:11434/v1`, whose model reads texts.
    If unset, they're read by exact words."""
    llm_model: str = Field(default="", max_length=200)
    """Name of the model at `llm_url`; required with it."""
    llm_api_key: SecretStr | None = None
    """Bearer token for `llm_url`."""
    llm_timeout: float = Field(default=2.0, ge=0.2, le=10, allow_inf_nan=False)
    """Seconds for the model's answer; without one by then, a text is read by exact words."""
    larger_megapixels: float = Field(default=6.0, ge=0, le=16, allow_inf_nan=False, description="0, or 2 to 16")
    """Area of a picture made by the button “Larger”, in units of 1024 x 1024 pixels; 0 hides the button."""
    presets_file: Path | None = None
    """The operator's presets, in YAML; if unset, the bot's own. Read at the start."""

    @field_validator(*_SECRETS)
    @classmethod
    def _secret_has_its_form(cls, secret: SecretStr | None, field: ValidationInfo) -> SecretStr | None:
        pattern, form = _SECRETS[str(field.field_name)]
        if secret is not None and not re.fullmatch(pattern, secret.get_secret_value()):
            raise ValueError(form)
        return secret

    @field_validator("star_packs", mode="before")
    @classmethod
    def _packs_are_read(cls, value: object) -> object:
        return tuple(map(Pack.parse, filter(None, value.split(",")))) if isinstance(value, str) else value

    @field_validator("retry_delays", "admins", "allowed_users", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.max_wait > self.picture_ttl:
            raise ValueError(
                f"MAX_WAIT is {self.max_wait:.0f} s and PICTURE_TTL {self.picture_ttl} s: a job would lose its pictures"
                " while it waits; set PICTURE_TTL to at least MAX_WAIT"
            )
        if self.star_packs and (self.jobs_per_day is None or not self.pay_support):
            raise ValueError("STAR_PACKS is set: set JOBS_PER_DAY, beyond which they count, and PAY_SUPPORT")
        if self.llm_url is not None and not self.llm_model:
            raise ValueError("LLM_URL is set: set LLM_MODEL to the model's name at that server")
        return self

    @property
    def limits(self) -> QueueLimits:
        """The queue's limits."""
        return QueueLimits(
            max_queue_length=self.max_queue_length,
            max_unfinished_per_user=self.max_unfinished_jobs_per_user,
            max_attempts=self.max_retries,
            retry_delays=self.retry_delays,
            max_wait=self.max_wait,
        )
