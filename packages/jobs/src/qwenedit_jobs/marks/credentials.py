"""Reads the certificate and the key with which an operator signs C2PA manifests, and says what is wrong with them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwenedit_jobs.marks.errors import CredentialsError, LibraryMissingError

if TYPE_CHECKING:
    from pathlib import Path

MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate with those that it depends on, and its key; PEM both."""

    certificates: bytes
    key: bytes
    algorithm: bytes
    """C2PA's name of it, such as `es256`."""
    valid_from: dt.datetime
    valid_until: dt.datetime

    def check_validity(self) -> None:
        """See that the certificate is valid now.

        Raises:
            CredentialsError: it is not.
        """
        now = dt.datetime.now(dt.UTC)
        if now > self.valid_until:
            raise CredentialsError(f"the certificate expired on {self.valid_until:%Y-%m-%d %H:%M} UTC")
        if now < self.valid_from:
            raise CredentialsError(f"the certificate is not valid before {self.valid_from:%Y-%m-%d %H:%M} UTC")


def load(certificate: Path, key: Path) -> Credentials:
    """Read both files.

    Raises:
        CredentialsError: a file cannot be read, is not what it should be, or does not fit the other.
        LibraryMissingError: the library that signs is not installed.
    """
    try:
        from cryptography import x509  # noqa: PLC0415 - comes with the library that signs, for those who do
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    except ImportError:
        raise LibraryMissingError from None
    chain, secret = _read(certificate), _read(key)
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except ValueError:
        raise CredentialsError(f"{certificate} has no certificate in PEM format") from None
    try:
        private = serialization.load_pem_private_key(secret, None)
    except TypeError:
        raise CredentialsError(f"{key} is protected by a password: store it without one") from None
    except ValueError:
        raise CredentialsError(f"{key} has no private key in PEM format") from None
    if private.public_key() != first.public_key():
        raise CredentialsError(f"{key} is not the key of the first certificate in {certificate}")
    if first.issuer == first.subject:
        raise CredentialsError(f"{certificate} is self-signed: C2PA takes certificates of an authority, if of your own")
    plain = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    credentials = Credentials(chain, plain, _algorithm(private), first.not_valid_before_utc, first.not_valid_after_utc)
    credentials.check_validity()
    return credentials


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}") from None


def _algorithm(key: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415 - see `load`

    if isinstance(key, ec.EllipticCurvePrivateKey):
        name = {"secp256r1": b"es256", "secp384r1": b"es384", "secp521r1": b"es512"}.get(key.curve.name)
        if name is not None:
            return name
        raise CredentialsError(f"C2PA takes no keys on the curve {key.curve.name}: use P-256, P-384 or P-521")
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size >= MIN_RSA_BITS:
            return b"ps256"
        raise CredentialsError(f"the RSA key has {key.key_size} bits: C2PA takes {MIN_RSA_BITS} or more")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    raise CredentialsError("C2PA takes keys of the kinds EC (P-256, P-384, P-521), RSA and Ed25519")
