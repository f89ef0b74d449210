"""What an operator may set of the bot, from the environment."""

from __future__ import annotations

import re
import socket
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from qwenedit_jobs import RedisSettings
from qwenedit_jobs.queue import Limits

_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class BotSettings(RedisSettings):
    """Settings of the bot; see `RedisSettings` for those it shares with the worker."""

    bot_token: SecretStr = Field(description="@BotFather gives it out")
    telegram_api_url: str = Field(default="https://api.telegram.org", pattern=r"^https?://\S+$")
    """Another Bot API server than Telegram's own."""
    bot_mode: Literal["polling", "webhook"] = "polling"
    """How updates come in. Telegram serves one poller a bot; webhooks may have any number of replicas."""
    webhook_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+\S*$")
    """Public address of the webhook. Telegram itself takes only https."""
    webhook_secret: SecretStr | None = None
    """1-256 characters of A-Z, a-z, 0-9, _ and -, which Telegram sends along."""
    webhook_host: str = "127.0.0.1"
    """Address that the webhook listens on; images set it to 0.0.0.0."""
    webhook_port: int = Field(default=8443, ge=1, le=65535)
    bot_id: str = Field(default_factory=socket.gethostname, min_length=1)
    """Name of this replica among the bot's: two that run at once must differ, a restarted one must not."""
    bot_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    probe_port: int = Field(default=8081, ge=0, le=65535)
    """0 takes a free one."""
    max_retries: int = Field(default=3, ge=1, le=10)
    """Attempts in all, the first included."""
    retry_delays: Annotated[tuple[float, ...], NoDecode] = Field(
        default=(5.0, 10.0, 20.0), description="comma-separated seconds, such as 5,10,20"
    )
    """Seconds before the second, third, … attempt; the last one repeats."""
    max_queue_length: int = Field(default=1000, ge=1)
    max_unfinished_jobs_per_user: int = Field(default=3, ge=1)
    max_wait: float = Field(default=3_600.0, ge=60, le=7 * 86_400)
    """Seconds after which a job that has still not begun fails, and its user is told."""
    picture_ttl: int = Field(default=86_400, ge=600, le=30 * 86_400)
    """Seconds that pictures are kept, in and out."""
    default_language: Literal["en", "ru"] = "en"
    """For users whose Telegram speaks neither."""
    worker_pods: str = ""
    """Label selector of the worker pods whose deletion cost the bot keeps current; empty outside of Kubernetes."""
    pod_namespace: str = "default"
    """Where they are."""
    kubernetes_service_host: str = "kubernetes.default.svc"
    """The API server; the kubelet sets both in every pod."""
    kubernetes_service_port: int = Field(default=443, ge=1, le=65535)

    @field_validator("bot_token")
    @classmethod
    def _token_has_its_form(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("it has the form 123456789:AbC-dEf, digits before the colon")
        return token

    @field_validator("webhook_secret")
    @classmethod
    def _secret_has_its_form(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _WEBHOOK_SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("it has 1 to 256 characters of A-Z, a-z, 0-9, _ and -")
        return secret

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> Self:
        if self.bot_mode == "webhook" and (self.webhook_url is None or self.webhook_secret is None):
            raise ValueError("BOT_MODE is webhook: set WEBHOOK_URL and WEBHOOK_SECRET, or BOT_MODE=polling")
        return self

    @field_validator("retry_delays", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",")]
        return value

    @field_validator("retry_delays")
    @classmethod
    def _delays_are_sane(cls, delays: tuple[float, ...]) -> tuple[float, ...]:
        if not delays or any(not 0 <= delay <= 3600 for delay in delays):  # noqa: PLR2004 - an hour, in seconds
            raise ValueError("each must be at least 0 and at most 3600")
        return delays

    @property
    def kubernetes_url(self) -> str:
        """Address of the Kubernetes API."""
        host = self.kubernetes_service_host
        return f"https://{f'[{host}]' if ':' in host else host}:{self.kubernetes_service_port}"

    @property
    def limits(self) -> Limits:
        """How many jobs are taken, and how often each is tried."""
        return Limits(
            max_queue_length=self.max_queue_length,
            max_unfinished_per_user=self.max_unfinished_jobs_per_user,
            max_attempts=self.max_retries,
            retry_delays=self.retry_delays,
            max_wait=self.max_wait,
        )
