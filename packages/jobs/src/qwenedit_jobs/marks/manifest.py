"""Signs C2PA manifests with the operator's key, and reads what manifests pictures bear.

The library is loaded when an operator has given a key, or asks about a picture.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qwenedit_jobs.marks.errors import LibraryMissingError, SigningError, UnmarkableError
from qwenedit_jobs.marks.xmp import EDITED_BY_AI, JPEG, PNG

if TYPE_CHECKING:
    import datetime as dt

    from qwenedit_jobs.marks.credentials import Credentials

PRODUCT: Final = "qwenedit"
_SETTINGS: Final = {
    # Our own signature need not be checked, nothing is fetched, and a thumbnail would be most of the manifest.
    "verify": {"verify_after_sign": False, "verify_trust": False, "ocsp_fetch": False, "remote_manifest_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_SMALLEST: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6360000000020001"
    "48afa4710000000049454e44ae426082"
)
"""A PNG of one pixel."""
_WANTED: Final = (
    "C2PA does not take the certificate: it wants the key usage “digital signature”, an extended key usage such as"
    " “email protection”, no rights of an authority, and behind it the certificates that it depends on"
)
_NOT_TRUSTED: Final = "signingCredential.untrusted"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a picture's manifest says, and whether it holds."""

    valid: bool
    """Signature and hashes fit the picture. Whether the signer is to be trusted is for its reader."""
    trusted: bool
    """The certificate is one of those that the library trusts by itself."""
    problems: tuple[str, ...]
    """C2PA's codes of what does not hold."""
    signer: str
    generator: str
    actions: tuple[str, ...]
    source_types: tuple[str, ...]


class Signer:
    """Signs pictures with one certificate. May be used in threads.

    Args:
        credentials: Certificate and key.
        version: Of the product.

    Raises:
        LibraryMissingError: there is none.
        SigningError: the library does not take certificate and key.
        CredentialsError: the certificate is not valid now.
    """

    def __init__(self, credentials: Credentials, *, version: str) -> None:
        self._c2pa = c2pa = _library()
        self._credentials = credentials
        self._definition = json.dumps(_definition(version))
        try:
            self._context = c2pa.Context.from_dict(_SETTINGS)
            info = c2pa.C2paSignerInfo(credentials.algorithm, credentials.certificates, credentials.key, None)
            self._signer = c2pa.Signer.from_info(info)
            self.sign(_SMALLEST)  # the library looks at the certificate when it signs
        except (c2pa.C2paError, SigningError) as error:
            raise SigningError(f"{_WANTED}; the library says: {error}") from error

    @property
    def valid_until(self) -> dt.datetime:
        """When the certificate expires."""
        return self._credentials.valid_until

    def sign(self, data: bytes) -> bytes:
        """Return a picture with a signed manifest: about 4 kB more.

        Raises:
            UnmarkableError: it is neither PNG nor JPEG.
            CredentialsError: the certificate has expired.
            SigningError: the library fails.
        """
        self._credentials.check_validity()
        kind, signed = _type_of(data), io.BytesIO()
        try:
            with self._c2pa.Builder(self._definition, self._context) as builder:
                builder.sign(self._signer, kind, io.BytesIO(data), signed)
        except self._c2pa.C2paError as error:
            raise SigningError(str(error)) from error
        return signed.getvalue()


def manifest_of(data: bytes) -> Manifest | None:
    """Return what a picture's manifest says, or None where it has none.

    Raises:
        LibraryMissingError: there is none.
        UnmarkableError: it is neither PNG nor JPEG.
    """
    c2pa, kind = _library(), _type_of(data)
    try:
        with c2pa.Reader(kind, io.BytesIO(data)) as reader:
            said: dict[str, Any] = json.loads(reader.json())
    except c2pa.C2paError as error:
        if isinstance(error, c2pa.C2paError.ManifestNotFound):
            return None
        return Manifest(False, False, (str(error),), "", "", (), ())
    active = said["manifests"][said["active_manifest"]]
    codes = tuple(dict.fromkeys(problem["code"] for problem in said.get("validation_status", ())))
    problems = tuple(code for code in codes if code != _NOT_TRUSTED)
    actions = _actions(active)
    generators = (
        f"{each['name']} {each.get('version', '')}".strip() for each in active.get("claim_generator_info", ())
    )
    return Manifest(
        valid=not problems,
        trusted=not codes,
        problems=problems,
        signer=active.get("signature_info", {}).get("issuer", ""),
        generator=", ".join(generators),
        actions=tuple(action["action"] for action in actions),
        source_types=tuple(action["digitalSourceType"] for action in actions if "digitalSourceType" in action),
    )


def _actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action
        for assertion in manifest.get("assertions", ())
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"]["actions"]
    ]


def _definition(version: str) -> dict[str, Any]:
    """Return the claim: a photo was opened and edited by AI. It names neither the user nor the instruction."""
    program = {"name": PRODUCT, "version": version}
    return {
        "claim_generator_info": [program],
        "ingredients": [{"title": "photo", "format": "image/jpeg", "relationship": "parentOf", "label": "photo"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["photo"]}},
                        {"action": "c2pa.edited", "digitalSourceType": EDITED_BY_AI, "softwareAgent": program},
                    ]
                },
            }
        ],
    }


def _type_of(data: bytes) -> str:
    if data.startswith(PNG):
        return "image/png"
    if data.startswith(JPEG):
        return "image/jpeg"
    raise UnmarkableError


def _library() -> Any:
    try:
        import c2pa  # noqa: PLC0415 - 10 MB of memory that most installations need not have
    except ImportError:
        raise LibraryMissingError from None
    return c2pa
