"""`PICTURES_URL` and receipts are read as they are written, and what is neither is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import qwenedit_jobs
from qwenedit_jobs import RedisSettings
from qwenedit_jobs.picture_address import Address
from qwenedit_jobs.pictures.receipts import LONGEST, MAGIC, Receipt, folder_of, is_upload, ref_of
from qwenedit_jobs.settings import load

LUA = Path(qwenedit_jobs.__file__).parent / "queue/lua/prelude.lua"


@pytest.mark.parametrize(
    ("url", "scheme", "bucket", "prefix"),
    [
        ("s3://pictures", "s3", "pictures", ""),
        ("s3://pictures/", "s3", "pictures", ""),
        ("s3://pictures/a/b/", "s3", "pictures", "a/b"),
        ("gs://pictures/a", "gs", "pictures", "a"),
        ("az://container/a", "az", "container", "a"),
        ("file:///var/lib/pictures", "file", "", "var/lib/pictures"),
    ],
)
def test_address_is_read(url, scheme, bucket, prefix):
    address = Address.read(url)
    assert address is not None
    assert (address.scheme, address.bucket, address.prefix) == (scheme, bucket, prefix)
    assert Address.read(str(address)) == address


@pytest.mark.parametrize("url", ["redis:", "redis://"])
def test_pictures_in_redis_have_no_address(url):
    assert Address.read(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "must be redis:, s3://BUCKET/PREFIX, gs://"),
        ("http://minio:9000/pictures", "must be redis:, s3://BUCKET/PREFIX, gs://"),
        ("redis://elsewhere:6379/0", "must be redis:, s3://BUCKET/PREFIX, gs://"),
        ("s3:pictures", "must be redis:, s3://BUCKET/PREFIX, gs://"),
        ("s3://key:secret@pictures/a", "must have no credentials in it"),
        ("s3:///a", "names no bucket: must be s3://BUCKET/PREFIX"),
        ("file://folder/a", "must be file:///FOLDER, with three slashes"),
        ("file:///", "must be file:///FOLDER, with three slashes"),
        ("s3://pictures/a b", "without blanks"),
        ("s3://pictures/a?region=x", "without blanks"),
        ("s3://pictures/a/../b", "no empty part, . or .."),
        ("s3://pictures/" + "a" * 300, "at most 300 characters"),
    ],
)
def test_address_that_is_none_is_reported(url, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Address.read(url)


def test_service_does_not_start_with_another_one(monkeypatch, capsys):
    monkeypatch.setenv("PICTURES_URL", "ftp://pictures")
    with pytest.raises(SystemExit) as stopped:
        load(RedisSettings)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("PICTURES_URL is 'ftp://pictures': must be redis:, s3://BUCKET/PREFIX")


def test_receipt_is_read_as_it_is_written_and_vouches_for_its_bytes_alone():
    begun = Receipt.begun("0123:in:0", len(b"picture"), store="s3://pictures/a")
    receipt = begun.with_digest_of(b"picture")
    assert len(bytes(begun)) == len(bytes(receipt))
    assert Receipt.read(bytes(receipt)) == receipt
    assert receipt.vouches_for(b"picture")
    assert not receipt.vouches_for(b"pictura")
    assert not receipt.vouches_for(b"picture ")
    assert ref_of(receipt.name) == "0123:in:0"
    assert receipt.name.startswith(f"{folder_of('0123')}/")
    assert is_upload(receipt.name)


def test_two_uploads_have_two_names():
    first, second = (Receipt.begun("0123:in:0", 7, store="s3://pictures") for _ in range(2))
    assert first.name != second.name


@pytest.mark.parametrize(
    "kept",
    [b"", b"\xff\xd8\xff\xe0 a JPEG", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBP", MAGIC, MAGIC + b"s3://a b c d",
     MAGIC + b"s3://a b 1 " + b"c" * LONGEST],
)  # fmt: skip
def test_bytes_that_are_no_receipt_are_a_picture(kept):
    assert Receipt.read(kept) is None


def test_scripts_know_the_same_receipts():
    text = LUA.read_text()
    assert f"local RECEIPT = '^{MAGIC.decode().replace('-', '%-')}(%S+ %S+) '" in text
    assert f"local LONGEST_RECEIPT = {LONGEST} " in text
