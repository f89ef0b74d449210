"""Marks that say that an AI edited a picture."""

from __future__ import annotations

import io
import json
import zlib
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image

from qwenedit_jobs.cli.command_line import main
from qwenedit_jobs.cli.commands.verify import verify
from qwenedit_jobs.cli.output import CommandError
from qwenedit_jobs.marks import credentials
from qwenedit_jobs.marks.errors import CredentialsError, SigningError, UnmarkableError
from qwenedit_jobs.marks.manifest import Manifest, Signer, manifest_of
from qwenedit_jobs.marks.xmp import EDITED_BY_AI, marked, source_type
from qwenedit_testkit.signing import write_credentials

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

MOST = 20_000
"""Bytes that all marks of a picture may take together."""


def picture(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 60).convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes()


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    files = write_credentials(tmp_path)
    return Signer(credentials.load(files.certificate, files.key), version="1.2.3")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_xmp_says_that_an_ai_edited_a_picture_and_leaves_its_pixels(kind: str) -> None:
    data = picture(kind)
    assert source_type(data) is None
    done = marked(data, tool="qwenedit 1.2.3")
    assert source_type(done) == EDITED_BY_AI
    assert b"qwenedit 1.2.3" in done
    assert pixels(done) == pixels(data)


def test_xmp_of_a_png_has_a_right_checksum_and_stands_behind_the_header() -> None:
    done = marked(picture("PNG"), tool="t")
    assert done[37:41] == b"iTXt"
    end = 41 + int.from_bytes(done[33:37], "big")
    assert int.from_bytes(done[end : end + 4], "big") == zlib.crc32(done[37:end])


def test_xmp_of_a_jpeg_stands_behind_jfif_and_exif() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    done = marked(picture("JPEG", exif=exif), tool="t")
    assert done.index(b"JFIF") < done.index(b"Exif") < done.index(b"http://ns.adobe.com/xap/1.0/")
    with Image.open(io.BytesIO(done)) as image:
        assert image.getexif()[0x010F] == "Camera"


@pytest.mark.parametrize("data", [picture("WEBP"), b"", b"\x89PNG\r\n\x1a\n", b"hello"])
def test_files_of_other_formats_are_no_pictures_to_mark(data: bytes) -> None:
    with pytest.raises(UnmarkableError):
        marked(data, tool="t")
    assert source_type(data) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_manifest_of_a_signed_picture_holds(signer: Signer, kind: str) -> None:
    data = picture(kind)
    signed = signer.sign(marked(data, tool="t"))
    assert manifest_of(signed) == Manifest(
        valid=True, trusted=False, problems=(), signer="Example Operator", generator="qwenedit 1.2.3",
        actions=("c2pa.opened", "c2pa.edited"), source_types=(EDITED_BY_AI,),
    )  # fmt: skip
    assert source_type(signed) == EDITED_BY_AI
    assert pixels(signed) == pixels(data)
    assert len(signed) - len(data) < MOST
    assert manifest_of(data) is None


def test_manifest_of_a_picture_that_was_changed_does_not_hold(signer: Signer) -> None:
    signed = bytearray(signer.sign(picture("PNG")))
    signed[-30] ^= 1
    found = manifest_of(bytes(signed))
    assert found is not None
    assert not found.valid
    assert "assertion.dataHash.mismatch" in found.problems


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), Ed25519PrivateKey.generate()])
def test_manifest_may_be_signed_with_other_keys(tmp_path: Path, key: CertificateIssuerPrivateKeyTypes) -> None:
    files = write_credentials(tmp_path, key=key)
    signed = Signer(credentials.load(files.certificate, files.key), version="1").sign(picture("PNG"))
    found = manifest_of(signed)
    assert found is not None
    assert found.valid


def test_certificate_that_is_not_valid_now_is_refused(tmp_path: Path) -> None:
    for valid, why in (((-9, -1), "expired on"), ((1, 9), "is not valid before")):
        files = write_credentials(tmp_path, valid=valid)
        with pytest.raises(CredentialsError, match=why):
            credentials.load(files.certificate, files.key)


def test_certificate_that_expires_meanwhile_signs_nothing(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    def expired(_credentials: object) -> None:
        raise CredentialsError("the certificate expired")

    monkeypatch.setattr(credentials.Credentials, "check_validity", expired)
    with pytest.raises(CredentialsError):
        signer.sign(picture("PNG"))


def test_key_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    for key, why in (
        (ec.generate_private_key(ec.SECP256K1()), "curve secp256k1"),
        (rsa.generate_private_key(65537, 1024), "1024 bits"),  # noqa: S505 - it is to be refused
    ):
        files = write_credentials(tmp_path, key=key)
        with pytest.raises(CredentialsError, match=why):
            credentials.load(files.certificate, files.key)


def test_certificate_that_c2pa_does_not_take_is_refused_at_the_start(tmp_path: Path) -> None:
    files = write_credentials(tmp_path, name="Authority")
    with pytest.raises(CredentialsError, match="is self-signed"):
        credentials.load(files.certificate, files.key)
    files = write_credentials(tmp_path, use=ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises(SigningError, match="wants the key usage"):
        Signer(credentials.load(files.certificate, files.key), version="1")


def test_files_that_are_no_credentials_are_refused_by_their_names(tmp_path: Path) -> None:
    files, other = write_credentials(tmp_path), tmp_path / "other"
    private = x25519.X25519PrivateKey.generate()
    other.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    for certificate, key, why in (
        (tmp_path / "none", files.key, "none cannot be read: No such file"),
        (files.key, files.key, "tls.key has no certificate in PEM format"),
        (files.certificate, files.certificate, "tls.crt has no private key in PEM format"),
        (files.certificate, other, "protected by a password"),
    ):
        with pytest.raises(CredentialsError, match=why):
            credentials.load(certificate, key)
    (tmp_path / "second").mkdir()
    with pytest.raises(CredentialsError, match="is not the key of the first certificate"):
        credentials.load(files.certificate, write_credentials(tmp_path / "second").key)


def test_verify_tells_the_marks_of_a_file(
    signer: Signer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, plain = tmp_path / "a.png", picture("PNG")
    for data, code, said in (
        (plain, 1, "not marked so"),
        (marked(plain, tool="t"), 0, "compositeWithTrainedAlgorithmicMedia"),
        (signer.sign(marked(plain, tool="t")), 0, "the signature holds"),
    ):
        file.write_bytes(data)
        monkeypatch.setenv("REDIS_URL", "nothing that could be asked")
        with pytest.raises(SystemExit) as ended:
            main(["verify", str(file)])
        assert ended.value.code == code
        assert said in capsys.readouterr().out
    told = json.loads(verify(str(file)).json)
    assert told["edited_by_ai"] is True
    assert told["manifest"]["generator"] == "qwenedit 1.2.3"


def test_verify_says_which_file_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        verify(str(tmp_path / "none"))
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CommandError, match="neither PNG nor JPEG"):
        verify(str(tmp_path / "text"))
