"""What a store of objects means by an error, in words that name what has to be put right."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qwenedit_jobs.errors import (
    PictureStoreError,
    PictureStoreFullError,
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
)

_CREDENTIALS = "AWS_*, GOOGLE_* or AZURE_* variables, or the service account's role"
_RIGHTS = "grant it: a worker puts and gets, the bot also deletes and lists"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class _Meaning:
    pattern: re.Pattern[str]
    """Looked for in all that the library says, which has the store's own words in it."""
    kind: type[PictureStoreError]
    what: str
    remedy: str


def _meaning(pattern: str, kind: type[PictureStoreError], what: str, remedy: str) -> _Meaning:
    return _Meaning(re.compile(pattern), kind, what, remedy)


_REFUSED, _FULL = PictureStoreRefusedError, PictureStoreFullError
# The codes are those of S3 and of what speaks its language (MinIO, Ceph), of Azure's and Google's stores, and of Linux.
_MEANINGS = (
    _meaning(
        r"NoSuchBucket|ContainerNotFound|[Tt]he specified (bucket|container) does not exist", _REFUSED,
        "there is no such bucket", "create it, or correct the name",
    ),
    _meaning(
        r"RequestTimeTooSkewed|RequestExpired", _REFUSED,
        "the clock of this machine is more than 15 minutes off the store's", "set it, best by NTP",
    ),
    _meaning(
        r"QuotaExceeded|XMinioStorageFull|InsufficientStorage|status code: 507|\(os error (28|122)\)", _FULL,
        "the store is full", "give it more room, or let PICTURE_TTL be shorter",
    ),
    _meaning(
        r"InvalidAccessKeyId|XAdminUserNotFound|SignatureDoesNotMatch|InvalidToken|ExpiredToken|InvalidClientTokenId"
        r"|status code: 401",
        _REFUSED, "the credentials are not accepted", f"correct the {_CREDENTIALS}",
    ),
    _meaning(
        r"169\.254\.169\.254|metadata\.google\.internal|[Mm]issing (credentials|AccessKey|account)", _REFUSED,
        "there are no credentials", f"set the {_CREDENTIALS}",
    ),
    _meaning(
        r"invalid peer certificate|UnknownIssuer|self.signed certificate|CertificateExpired", _REFUSED,
        "its TLS certificate is not trusted", "name the file with its CA in AWS_CA_BUNDLE or SSL_CERT_FILE",
    ),
    _meaning(
        r"PermanentRedirect|redirect without LOCATION|AuthorizationHeaderMalformed|IllegalLocationConstraint", _REFUSED,
        "the bucket is in another region", "set AWS_REGION",
    ),
    _meaning(r"AccessDenied|AllAccessDisabled|AuthorizationFailure|status code: 403|\(os error (1|13|30)\)", _REFUSED,
             "{operation} is not permitted", _RIGHTS),
    _meaning(r"status code: 404|status: 404,", _REFUSED,
             "{operation} was answered with 404, and not by a store of objects", "correct the endpoint"),
)  # fmt: skip
_UNCONNECTED = re.compile(r"kind: Connect\b")
"""What the library says where no server was reached, so that there is no answer to tell of."""
_SERVER = re.compile(r"https?://(?:[^/\s@]*@)?([^/\s]+)")
_MISSING = re.compile(r"NoSuchKey|BlobNotFound|specified blob does not exist|[Nn]o such object|\(os error 2\)")


def says_missing(error: BaseException) -> bool:
    """Whether a store says that it has no such object; a 404 by whatever stands in its place says nothing of it."""
    return isinstance(error, FileNotFoundError) and _MISSING.search(str(error)) is not None


def explained(error: BaseException, *, url: str, operation: str) -> PictureStoreError:
    """Find the cause of an error.

    Args:
        error: Of the library.
        url: `PICTURES_URL`.
        operation: What was tried: put, get, delete or list.

    Returns:
        The error to raise instead. An unknown error counts as one that may pass by itself.
    """
    said = str(error)
    for meaning in _MEANINGS:
        if meaning.pattern.search(said):
            what = meaning.what.format(operation=operation)
            return meaning.kind(f"PICTURES_URL is {url}: {what}; {meaning.remedy}")
    first = said.partition("\n")[0][:_LONGEST] or type(error).__name__
    if _UNCONNECTED.search(said):
        first = f"no connection{_to(said)}"
    return PictureStoreUnavailableError(f"PICTURES_URL is {url}: {operation} failed: {first}")


def _to(said: str) -> str:
    """Tell to which server there is no connection, and why, as far as the library says it."""
    server = _SERVER.search(said)
    why = re.search(r'(?:message|error): "([^"\n]+)"', said)
    return (f" to {server[1]}" if server else "") + (f" ({why[1]})" if why else "")
