"""Opens the store of pictures that `PICTURES_URL` names."""

from __future__ import annotations

import os
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qwenedit_jobs.errors import PictureStoreRefusedError
from qwenedit_jobs.picture_address import Address
from qwenedit_jobs.pictures.redis_store import RedisPictureStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore.store import ClientConfig, RetryConfig
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.pictures.bucket import Bucket, Objects, OnCall
    from qwenedit_jobs.pictures.store import PictureStore

CONNECT = timedelta(seconds=5)
CALL = timedelta(hours=1)
"""Never reached: `Bucket` has the bounds, which depend on a picture's size."""
RETRIES = 3
RETRY_FOR = timedelta(seconds=10)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=50), timedelta(seconds=2)


def open_bucket(url: str, *, on_call: OnCall = lambda *_: None) -> Bucket | None:
    """Open a store of objects; None: pictures lie in Redis. Nothing is asked of it yet.

    Credentials, region and endpoint are in the variables that the store's own tools read: `AWS_*`, `GOOGLE_*`,
    `AZURE_*`.

    Args:
        url: `PICTURES_URL`.
        on_call: Told of each call.

    Raises:
        PictureStoreRefusedError: it cannot be used as it is told.
    """
    address = Address.read(url)
    if address is None:
        return None
    # Only here: the library takes 11 MB of memory, which an installation without a bucket does not pay for.
    from obstore.exceptions import BaseError  # noqa: PLC0415

    from qwenedit_jobs.pictures.bucket import Bucket  # noqa: PLC0415

    try:
        return Bucket(str(address), _objects(address, os.environ), on_call=on_call)
    except (BaseError, ValueError, OSError) as error:
        said = str(error).partition("\n")[0]
        raise PictureStoreRefusedError(f"PICTURES_URL is {address}: it cannot be used: {said}") from error


def picture_store(redis: Redis, keys: Keys, *, bucket: Bucket | None, ttl: int) -> PictureStore:
    """Return the store of pictures.

    Args:
        redis: A client that does not decode replies.
        keys: The installation's key names.
        bucket: Has the pictures; None: Redis has them.
        ttl: Seconds until a picture is forgotten that no job refers to.
    """
    in_redis = RedisPictureStore(redis, keys, ttl=ttl)
    if bucket is None:
        return in_redis
    from qwenedit_jobs.pictures.object_store import ObjectPictureStore  # noqa: PLC0415 - see `open_bucket`

    return ObjectPictureStore(bucket, in_redis)


def _objects(address: Address, environment: Mapping[str, str]) -> Objects:
    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store  # noqa: PLC0415 - see `open_bucket`

    if address.scheme == "file":
        folder = Path(f"/{address.prefix}")
        if not folder.is_dir():
            raise ValueError("there is no such folder: mount the volume, or create it")
        return LocalStore(folder, automatic_cleanup=True)
    prefix = address.prefix or None
    client, retries = _client(environment), _retries()
    if address.scheme == "gs":  # an endpoint of its own is in the account's file
        client["allow_http"] = _is_set("GOOGLE_ALLOW_HTTP", environment)
        return GCSStore(address.bucket, prefix=prefix, client_options=client, retry_config=retries)
    if address.scheme == "az":
        client["allow_http"] = _may_be_open("AZURE_STORAGE_ENDPOINT", "AZURE_ALLOW_HTTP", environment)
        return AzureStore(address.bucket, prefix=prefix, client_options=client, retry_config=retries)
    client["allow_http"] = _may_be_open("AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP", environment)
    return S3Store(address.bucket, prefix=prefix, client_options=client, retry_config=retries)


def _client(environment: Mapping[str, str]) -> ClientConfig:
    client: ClientConfig = {"connect_timeout": CONNECT, "timeout": CALL}
    for variable in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
        if path := environment.get(variable):
            try:
                client["root_certificate"] = Path(path).read_bytes()
            except OSError as error:
                raise ValueError(f"{variable} is {path}, which cannot be read: {error.strerror}") from error
            break
    return client


def _retries() -> RetryConfig:
    backoff = {"init_backoff": FIRST_PAUSE, "max_backoff": LONGEST_PAUSE}
    return {"max_retries": RETRIES, "retry_timeout": RETRY_FOR, "backoff": backoff}  # type: ignore[typeddict-item]


def _may_be_open(name: str, permission: str, environment: Mapping[str, str]) -> bool:
    """Whether pictures may cross the network without TLS.

    Args:
        name: The variable that has the store's endpoint.
        permission: The variable that says that it is meant.
        environment: Has them.

    Raises:
        ValueError: the endpoint is without TLS, and nobody says so.
    """
    endpoint = environment.get(name, "")
    if not endpoint.startswith("http://"):
        return False
    host = urlsplit(endpoint).hostname or ""
    if host == "localhost" or _is_loopback(host) or _is_set(permission, environment):
        return True
    raise ValueError(
        f"{name} is {endpoint}: pictures would cross the network in the open; make it https://, or set"
        f" {permission}=true"
    )


def _is_set(name: str, environment: Mapping[str, str]) -> bool:
    return environment.get(name, "").lower() in {"1", "true"}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
