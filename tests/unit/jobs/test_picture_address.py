"""`PICTURES_URL` and references are read as they are written, and what is neither is told."""

from __future__ import annotations

import re

import pytest

from qwenedit_jobs import PictureExpiredError, RedisSettings, input_ref, result_ref
from qwenedit_jobs.picture_address import Address
from qwenedit_jobs.picture_refs import is_of_job, object_of
from qwenedit_jobs.settings import load


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
    address = Address.parse(url)
    assert address is not None
    assert (address.scheme, address.bucket, address.prefix) == (scheme, bucket, prefix)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("url", ["redis:", "redis://"])
def test_pictures_in_redis_have_no_address(url):
    assert Address.parse(url) is None


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
        Address.parse(url)


def test_service_does_not_start_with_another_one(monkeypatch, capsys):
    monkeypatch.setenv("PICTURES_URL", "ftp://pictures")
    with pytest.raises(SystemExit) as stopped:
        load(RedisSettings)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("PICTURES_URL is 'ftp://pictures': must be redis:, s3://BUCKET/PREFIX")


@pytest.mark.parametrize("ref", [input_ref("0123", 0), result_ref("0123", 2, "token"), result_ref("0123", 1)])
def test_objects_of_a_job_lie_in_its_folder(ref):
    assert object_of(ref).startswith("0123/")
    assert is_of_job("0123", ref)
    assert not is_of_job("012", ref)


@pytest.mark.parametrize("ref", ["", "0123", "0123:", "0123:..", "0123:../4567:in:0", "0123:a/b", "0123:a b", "4:in:0"])
def test_reference_that_is_not_a_jobs_own_names_none_of_its_pictures(ref):
    assert not is_of_job("0123", ref)


@pytest.mark.parametrize("ref", ["", "..", "a/b", "0123:..", "0123:in:0\n", "0123"])
def test_reference_of_another_form_names_no_object(ref):
    with pytest.raises(PictureExpiredError):
        object_of(ref)
