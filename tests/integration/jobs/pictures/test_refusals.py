"""What a store of objects refuses is told in words that name the variable, what is wrong, and what to do."""

from __future__ import annotations

import ssl

import pytest
from aiohttp import web

from local_stack import HOST
from qwenedit_jobs import (
    PictureExpiredError,
    PictureStoreError,
    PictureStoreFullError,
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
    StorageFullError,
)
from qwenedit_jobs.pictures.cleanup import Cleanup
from qwenedit_jobs.pictures.opening import open_bucket
from qwenedit_jobs.pictures.ownership import take_address
from qwenedit_jobs.pictures.refusals import says_missing

URL = "s3://pictures/qwenedit"


def bucket_of(url):
    bucket = open_bucket(url)
    assert bucket is not None
    return bucket


class TinyStore:
    """Speaks enough of S3 to refuse in its words."""

    def __init__(self):
        self.objects = {}
        self.refuses = {}
        """HTTP method → status and code."""
        self.missing = (404, "NoSuchKey")
        """Status and code of an object that is not there."""
        self.conditional = True
        """Whether it knows conditional writes."""
        self.calls = []
        self.url = ""

    async def start(self, tls=None):
        app = web.Application()
        app.router.add_route("*", "/{bucket}", self._answer)
        app.router.add_route("*", "/{bucket}/{name:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0, ssl_context=tls).start()
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self):
        await self._runner.cleanup()

    async def _answer(self, request):
        answer = self._answer_to(request, await request.read())
        answer.force_close()  # no connection outlives its test
        return answer

    def _answer_to(self, request, data):
        listing = "list-type" in request.query
        method = "LIST" if listing else "DELETE" if request.method == "POST" else request.method
        self.calls.append(method)
        if method in self.refuses:
            return refusal(*self.refuses[method])
        name = request.match_info.get("name")
        if method == "PUT":
            return self._put(name, data, only_new="If-None-Match" in request.headers)
        if listing:
            return web.Response(text="<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        if method == "DELETE":
            return web.Response(text="<DeleteResult><Deleted><Key>any</Key></Deleted></DeleteResult>")
        if name not in self.objects:
            return refusal(*self.missing)
        return web.Response(
            body=self.objects[name], headers={"ETag": '"1"', "Last-Modified": "Fri, 27 Nov 2026 00:00:00 GMT"}
        )

    def _put(self, name, data, *, only_new):
        if only_new and not self.conditional:
            return refusal(501, "NotImplemented")
        if only_new and name in self.objects:
            return refusal(412, "PreconditionFailed")
        self.objects[name] = data
        return web.Response(headers={"ETag": '"1"'})


def refusal(status, code):
    return web.Response(status=status, text=f"<Error><Code>{code}</Code><Message>no</Message></Error>")


@pytest.fixture
async def store(monkeypatch):
    store = TinyStore()
    await store.start()
    for name, value in {"ENDPOINT_URL": store.url, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield store
    await store.stop()


async def test_worker_needs_no_right_but_to_put_and_get(store):
    store.refuses = dict.fromkeys(("DELETE", "LIST"), (403, "AccessDenied"))
    await bucket_of(URL).check(deletes=False)
    assert set(store.calls) == {"PUT", "GET"}


@pytest.mark.parametrize(
    ("method", "operation"), [("PUT", "put"), ("GET", "get"), ("DELETE", "delete"), ("LIST", "list")]
)
async def test_bot_that_may_not_delete_is_told_what_to_grant(store, method, operation):
    store.refuses[method] = (403, "AccessDenied")
    with pytest.raises(PictureStoreRefusedError) as refused:
        await bucket_of(URL).check(deletes=True)
    assert str(refused.value) == (
        f"PICTURES_URL is {URL}: {operation} is not permitted; grant it: a worker puts and gets, the bot also deletes"
        " and lists"
    )


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "NoSuchBucket", "there is no such bucket; create it, or correct the name"),
        (403, "RequestTimeTooSkewed", "the clock of this machine is more than 15 minutes off the store's; set it"),
        (403, "InvalidAccessKeyId", "the credentials are not accepted; correct the AWS_*"),
        (403, "SignatureDoesNotMatch", "the credentials are not accepted; correct the AWS_*"),
        (301, "PermanentRedirect", "the bucket is in another region; set AWS_REGION"),
    ],
)
async def test_refusal_names_its_cause_and_what_to_do(store, status, code, said):
    store.refuses = dict.fromkeys(("PUT", "GET", "DELETE", "LIST"), (status, code))
    bucket = bucket_of(URL)
    for call in (bucket.put("a/b", b"x"), bucket.get("a/b", size=1), bucket.delete(["a/b"])):
        with pytest.raises(PictureStoreRefusedError) as refused:
            await call
        assert str(refused.value).startswith(f"PICTURES_URL is {URL}: {said}")


async def test_real_server_refuses_wrong_names_and_keys_in_the_same_words(durable_object_server, monkeypatch):
    await durable_object_server.make_bucket("refusing")
    for name, value in durable_object_server.settings().items():
        monkeypatch.setenv(name, value)
    await bucket_of("s3://refusing").check(deletes=True)
    with pytest.raises(PictureStoreRefusedError, match="there is no such bucket; create it, or correct the name"):
        await bucket_of("s3://there-is-none").check(deletes=True)
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "another")
        with pytest.raises(PictureStoreRefusedError, match="the credentials are not accepted; correct the AWS_"):
            await bucket_of("s3://refusing").check(deletes=True)


class TestGoneForWhoMayNotList:
    """S3 tells a worker that may not list: 403, where somebody has deleted the object."""

    @pytest.fixture
    async def kept(self, store, opened):
        store.missing = (403, "AccessDenied")
        pictures = opened(URL)
        await pictures.put("job:in:0", b"picture")
        return pictures

    async def test_object_that_is_gone_is_a_picture_that_has_expired(self, store, kept, raw, desk):
        store.objects.clear()
        with pytest.raises(PictureExpiredError, match="is gone from s3"):
            await kept.get("job:in:0")
        assert not await kept.holds("job:in:0")
        dropped = await raw.smembers(desk.keys.dropped_objects)
        assert any(entry.startswith(f"{URL} check/".encode()) for entry in dropped), "the bot deletes what was tried"

    async def test_object_that_may_not_be_got_is_kept_until_it_may_be(self, store, kept):
        store.refuses["GET"] = (403, "AccessDenied")
        with pytest.raises(PictureStoreRefusedError, match="get is not permitted; grant it"):
            await kept.get("job:in:0")
        del store.refuses["GET"]
        assert await kept.get("job:in:0") == b"picture"


async def test_404_of_whatever_stands_in_the_stores_place_loses_no_picture(store, opened):
    pictures = opened(URL)
    await pictures.put("job:in:0", b"picture")
    store.refuses["GET"] = (404, "default backend")
    with pytest.raises(PictureStoreRefusedError, match="get was answered with 404, and not by a store of objects"):
        await pictures.get("job:in:0")
    assert await pictures.holds("job:in:0")


async def test_store_without_conditional_writes_has_its_owner_as_well(store):
    store.conditional = False
    await take_address(bucket_of(URL), "the bot 1")
    with pytest.raises(PictureStoreRefusedError, match="belong to the bot 1"):
        await take_address(bucket_of(URL), "the bot 2")


@pytest.mark.parametrize(("status", "code"), [(403, "QuotaExceeded"), (507, "XMinioStorageFull")])
async def test_full_store_is_told_like_a_full_redis(store, status, code):
    store.refuses["PUT"] = (status, code)
    with pytest.raises(PictureStoreFullError, match="the store is full; give it more room") as full:
        await bucket_of(URL).put("a/b", b"x")
    assert isinstance(full.value, StorageFullError)


async def test_error_of_the_server_may_pass_and_is_told_with_its_status(store):
    store.refuses["PUT"] = (500, "InternalError")
    with pytest.raises(PictureStoreUnavailableError, match=r"put failed: .*500") as error:
        await bucket_of(URL).put("a/b", b"x")
    assert not isinstance(error.value, PictureStoreRefusedError)


@pytest.mark.parametrize(
    ("server", "why"),
    [("127.0.0.1:1", "Connection refused"), ("store.invalid:1", "failed to lookup address information")],
)
async def test_store_without_a_connection_is_told_as_such_and_not_as_an_answer(store, monkeypatch, server, why):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{server}")
    with pytest.raises(PictureStoreUnavailableError) as error:
        await bucket_of(URL).put("a/b", b"x")
    assert f"put failed: no connection to {server} ({why}" in str(error.value)
    assert "HTTP" not in str(error.value)


async def test_store_that_forgets_at_once_is_refused(store):
    store.refuses["GET"] = (404, "NoSuchKey")
    with pytest.raises(PictureStoreRefusedError, match="what was put there is not there"):
        await bucket_of(URL).check(deletes=True)


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ("404 Not Found: <Error><Code>NoSuchKey</Code></Error>", True),
        ("404 Not Found: <Error><Code>BlobNotFound</Code></Error>", True),
        ("Bulk delete request failed for key a/b: The specified blob does not exist. (code: 404)", True),
        ("Object at location /a/b not found: No such file or directory (os error 2)", True),
        ("404 Not Found: default backend - 404", False),
        ("404 Not Found: <Error><Code>XAdminUserNotFound</Code></Error>", False),
    ],
)
def test_object_is_missing_where_a_store_says_so_in_its_own_words(said, missing):
    assert says_missing(FileNotFoundError(said)) is missing


async def test_certificate_of_an_unknown_authority_is_told_and_the_file_of_its_ca_taken(authority, monkeypatch):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(authority / "server.pem", authority / "server.key")
    store = TinyStore()
    await store.start(tls)
    try:
        for name, value in {"ENDPOINT_URL": store.url, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        with pytest.raises(PictureStoreRefusedError, match="certificate is not trusted; name the file with its CA in"):
            await bucket_of(URL).put("a/b", b"x")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(authority / "ca.pem"))
        await bucket_of(URL).check(deletes=True)
    finally:
        await store.stop()


class TestOpening:
    def test_store_across_the_network_without_tls_is_refused(self, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio.storage.svc:9000")
        with pytest.raises(PictureStoreRefusedError, match=r"AWS_ENDPOINT_URL is http://minio.*AWS_ALLOW_HTTP=true"):
            open_bucket(URL)
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        assert open_bucket(URL) is not None

    def test_azure_across_the_network_without_tls_is_refused(self, monkeypatch):
        account = {"ACCOUNT_NAME": "me", "ACCOUNT_KEY": "c2VjcmV0", "ENDPOINT": "http://blobs.storage.svc:10000/me"}
        for name, value in account.items():
            monkeypatch.setenv(f"AZURE_STORAGE_{name}", value)
        with pytest.raises(PictureStoreRefusedError, match=r"AZURE_STORAGE_ENDPOINT is .*AZURE_ALLOW_HTTP=true"):
            open_bucket("az://pictures")
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:10000/me")
        assert open_bucket("az://pictures") is not None

    def test_folder_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(PictureStoreRefusedError, match="there is no such folder: mount the volume"):
            open_bucket(f"file://{tmp_path}/nowhere")

    def test_file_of_authorities_that_cannot_be_read_is_named(self, monkeypatch):
        monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/ca.crt")
        with pytest.raises(PictureStoreRefusedError, match=r"AWS_CA_BUNDLE is /nowhere/ca.crt, which cannot be read"):
            open_bucket(URL)


async def test_folder_that_may_not_be_written_is_told(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "job").write_text("in the way")
    with pytest.raises(PictureStoreError, match=r"put failed|not permitted"):
        await bucket_of(f"file://{folder}").put("job/in/0/aa", b"x")


async def test_full_store_is_swept_all_the_same(store, desk, raw):
    store.refuses["PUT"] = (507, "XMinioStorageFull")
    await Cleanup(raw, desk.keys, bucket_of(URL)).sweep("tests")
    assert store.calls[-1] == "LIST"
    assert await raw.exists(desk.keys.swept)
