"""Opens the object store of `PICTURES_URL`."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.errors import PictureStoreRefusedError
from qwenedit_jobs.picture_address import Address

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

    from qwenedit_jobs.pictures.object_store import ObjectPictureStore, Objects, OnCall

ALLOW_HTTP = ("AWS_ALLOW_HTTP", "AZURE_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")


def open_objects(url: str, *, on_call: OnCall = lambda *_: None) -> ObjectPictureStore | None:
    """Open an object store without calling it; None if pictures are in Redis.

    Credentials, region and endpoint come from the variables of the store's own tools: `AWS_*`, `GOOGLE_*`, `AZURE_*`.

    Args:
        url: `PICTURES_URL`.
        on_call: Called after each call.

    Raises:
        PictureStoreRefusedError: the store refuses the configured access.
    """
    address = Address.parse(url)
    if address is None:
        return None
    # Imported here because it takes 11 MB of memory, which an installation without a bucket shouldn't pay for.
    from obstore.exceptions import BaseError  # noqa: PLC0415

    from qwenedit_jobs.pictures.object_store import ObjectPictureStore  # noqa: PLC0415

    try:
        return ObjectPictureStore(str(address), _objects(address), on_call=on_call)
    except (BaseError, ValueError, OSError) as error:
        message = str(error).partition("\n")[0]
        raise PictureStoreRefusedError(f"PICTURES_URL is {address}: it cannot be used: {message}") from error


def _objects(address: Address) -> Objects:
    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store  # noqa: PLC0415 - see `open_objects`

    if address.scheme == "file":
        return LocalStore(Path(f"/{address.prefix}"), automatic_cleanup=True)
    prefix, client = address.prefix or None, _client()
    retries: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
    if address.scheme == "gs":
        return GCSStore(address.bucket, prefix=prefix, client_options=client, retry_config=retries)
    if address.scheme == "az":
        return AzureStore(address.bucket, prefix=prefix, client_options=client, retry_config=retries)
    return S3Store(address.bucket, prefix=prefix, client_options=client, retry_config=retries)


def _client() -> ClientConfig:
    # The hour is never reached: `ObjectPictureStore` sets limits that depend on a picture's size.
    client: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(hours=1)}
    client["allow_http"] = any(os.environ.get(name, "").lower() in {"1", "true"} for name in ALLOW_HTTP)
    for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
        if path := os.environ.get(name):
            client["root_certificate"] = Path(path).read_bytes()
            break
    return client
