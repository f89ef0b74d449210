"""Settings that every service shares, and the way all of them are loaded."""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
import urllib.request
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias, TypeVar
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from redis.asyncio.connection import parse_url

from qwenedit_jobs import durations
from qwenedit_jobs.keys import DEFAULT_PREFIX, Keys
from qwenedit_jobs.picture_address import IN_REDIS, Address

if TYPE_CHECKING:
    from collections.abc import Iterator

S = TypeVar("S", bound=BaseSettings)
LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

ENV_FILE = "ENV_FILE"
"""Variable that names another file than `.env` in the working directory; if it is empty, no file is read."""

_URL_PASSWORD = re.compile(r"(//[^/@]*:).*@")
_PROXY = re.compile(r"http://([^\s/@]+@)?([^\s/@:]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?")
_PORT = re.compile(r"[0-9]{1,5}")


class RedisSettings(BaseSettings):
    """Where Redis is, and which keys are this installation's."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True, extra="ignore")

    redis_url: str = "redis://127.0.0.1:6379/0"
    """`redis://` or, for TLS, `rediss://`; with a user, `redis://USER@HOST`."""
    redis_password: SecretStr | None = None
    """Overrides the URL's password, so that the URL needs no secret in it."""
    redis_sentinels: Annotated[tuple[tuple[str, Annotated[int, Field(ge=1, le=65535)]], ...], NoDecode] = ()
    """Addresses `host:port`, separated by commas. The URL's host is then the name under which they watch the master."""
    redis_sentinel_password: SecretStr | None = None
    """Of the Sentinels' default user."""
    redis_prefix: str = Field(
        default=DEFAULT_PREFIX,
        pattern=r"^[A-Za-z0-9._-]{1,40}$",
        description="1 to 40 letters, digits, `.`, `_` and `-`",
    )
    """First part of every key's name. No character of it means something in a pattern of keys or in an ACL rule."""
    pictures_url: str = IN_REDIS
    """Where pictures lie: in Redis, or in a store of objects, whose credentials have variables of their own."""
    picture_ttl: int = Field(default=durations.PICTURE, ge=600, le=30 * durations.DAY)
    """Seconds for which photos and results are kept."""
    probe_host: str = "127.0.0.1"
    """Address that probes, metrics and the webhook listen on; images set it to `::`, which is both IP families."""
    pod_name: str = Field(default_factory=socket.gethostname, min_length=1)
    """Name of this process in Redis and in logs; two of a part that run at once need different names."""

    @model_validator(mode="after")
    def _queue_key_follows_the_prefix(self) -> Self:
        """Refuse a queue of another name, which earlier versions took: its jobs would wait forever."""
        name = os.environ.get("REDIS_JOB_QUEUE_KEY") or self.keys.job_queue
        if name != self.keys.job_queue:
            raise ValueError(
                f"REDIS_JOB_QUEUE_KEY is {name!a}, but REDIS_PREFIX names the queue now: {self.keys.job_queue}."
                " Let the earlier version finish the jobs that wait, then remove REDIS_JOB_QUEUE_KEY"
            )
        return self

    @field_validator("*", mode="before")
    @classmethod
    def _without_line_break(cls, value: object, field: ValidationInfo) -> object:
        """Drop blanks around a value, such as the line break of a file. A password may be meant to have them."""
        stays = "password" in str(field.field_name) or not isinstance(value, str)
        return value if stays else str(value).strip()

    @field_validator("redis_url")
    @classmethod
    def _usable(cls, value: str) -> str:
        address = parse_url(value)
        if "host" not in address and "path" not in address:
            raise ValueError("must be redis://HOST:PORT/DATABASE, rediss:// for TLS, or unix://PATH")
        return value

    @field_validator("pictures_url")
    @classmethod
    def _place_of_pictures(cls, value: str) -> str:
        Address.parse(value)
        return value

    @field_validator("redis_sentinels", mode="before")
    @classmethod
    def _addresses(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        addresses = []
        for item in filter(None, (part.strip() for part in value.split(","))):
            host, _colon, port = item.rpartition(":")
            if not host or not _PORT.fullmatch(port):
                raise ValueError("each address must be host:port")
            addresses.append((host, int(port)))
        return tuple(addresses)

    @property
    def keys(self) -> Keys:
        """The Redis keys of this installation."""
        return Keys(self.redis_prefix)

    @property
    def place(self) -> str:
        """Where Redis is, in words."""
        if self.redis_sentinels:
            hosts = ",".join(f"{host}:{port}" for host, port in self.redis_sentinels)
            return f"the master {self.master} of the Sentinels {hosts}"
        return self.redis_url.rpartition("@")[2].removeprefix("redis://").removeprefix("rediss://")

    @property
    def master(self) -> str:
        """The Sentinels' name for the master."""
        return urlsplit(self.redis_url).netloc.rpartition("@")[2].partition(":")[0]  # `hostname` is in small letters


def load(settings: type[S]) -> S:
    """Add a `.env` file's variables to the environment, where they also reach libraries, and read the settings.

    Raises:
        SystemExit: with code 2, after one line per problem on stderr that names the variable, its value and
            the allowed range.
    """
    path = os.environ.get(ENV_FILE, ".env")
    try:
        load_dotenv(path, interpolate=False, encoding="utf-8-sig")
        loaded = settings()
        problems = list(_way_out())
    except (OSError, UnicodeDecodeError) as error:
        problems = [f"{path} cannot be read: {error}"]
    except ValidationError as error:
        problems = describe(settings, error)
    else:
        if not problems:
            return loaded
    for line in problems:
        print(line, file=sys.stderr)  # noqa: T201 - logging is not configured before the settings are
    raise SystemExit(2)


def _way_out() -> Iterator[str]:
    """Return errors in libraries' variables that the libraries would silently ignore."""
    proxy = urllib.request.getproxies_environment().get("https", "")
    if proxy and not _PROXY.fullmatch(proxy):
        yield "HTTPS_PROXY is a value that isn't shown: must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
    if authorities := os.environ.get("SSL_CERT_FILE"):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(authorities)
        except OSError as error:
            yield f"SSL_CERT_FILE is {authorities!r}: must be a file with certificates in PEM ({error.strerror})"


def shown(settings: BaseSettings) -> dict[str, str]:
    """Return what each variable is set to, for a log: without secrets, and without the passwords of addresses."""
    set_ones = ((name.upper(), str(value)) for name, value in settings if value not in (None, "", ()))
    return {name: _URL_PASSWORD.sub(r"\1***@", value) for name, value in set_ones}


def describe(settings: type[BaseSettings], error: ValidationError) -> list[str]:
    """Describe each variable's error for operators."""
    return [_line(settings, dict(problem)) for problem in error.errors(include_url=False, include_context=True)]


def _line(settings: type[BaseSettings], problem: dict[str, Any]) -> str:
    location, message = problem["loc"], str(problem["msg"]).removeprefix("Value error, ")
    if not location:
        return f"settings: {message}"
    name = str(location[0])
    variable = name.upper()
    field = settings.model_fields.get(name)
    description = f" ({field.description})" if field is not None and field.description else ""
    if problem["type"] == "missing":
        return f"{variable} is not set: it is required{description}"
    secret = field is not None and "Secret" in str(field.annotation)
    value = "a value that isn't shown" if secret else _URL_PASSWORD.sub(r"\1***@", _shortened(ascii(problem["input"])))
    limits = _range(field.metadata) if field is not None else ""
    rule = f"must be {limits}" if limits else message
    return f"{variable} is {value}: {rule}{description}"


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def _range(metadata: list[Any]) -> str:
    return " and ".join(
        text.format(bound)
        for constraint in metadata
        for name, text in (("ge", "at least {}"), ("gt", "above {}"), ("le", "at most {}"), ("lt", "below {}"))
        if (bound := getattr(constraint, name, None)) is not None
    )
