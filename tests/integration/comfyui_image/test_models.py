"""The script that fills the models folder, against a real HTTP server on the loopback address."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import runpy
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from qwenedit_testkit.threads import on_a_thread
from qwenedit_testkit.way_out import WayOut

SCRIPT = Path(__file__).parents[3] / "services/comfyui/models.py"
DATA = bytes(range(256)) * 4096
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def models():
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


class Hub(ThreadingHTTPServer):
    """Serves one file, with ranges; cuts an answer off after some bytes when told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, str]] = []
        self.cut_after: int | None = None
        self.redirect = ""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/model"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self):
        self.server.requests.append(dict(self.headers))
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", self.server.redirect)
            self.end_headers()
        elif self.path != "/model":
            self.send_error(404)
        elif start >= len(DATA):
            self.send_error(416)
        else:
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(DATA) - start))
            self.end_headers()
            self.wfile.write(DATA[start:][: self.server.cut_after])

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def hub():
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def listed(models, hub, **changes):
    return models.ModelFile(**{"path": "vae/model.safetensors", "url": hub.url, "sha256": SHA256} | changes)


def test_download_is_complete_when_its_hash_is_right(models, hub, tmp_path):
    file = listed(models, hub)
    assert models.problem(file, tmp_path) == "missing"
    models.fetch([file], tmp_path, say=print)
    assert (tmp_path / file.path).read_bytes() == DATA
    assert models.problem(file, tmp_path) is None


def test_complete_file_is_not_downloaded_again(models, hub, tmp_path):
    for _ in range(2):
        models.fetch([listed(models, hub)], tmp_path, say=print)
    assert len(hub.requests) == 1


def test_broken_off_download_is_taken_up_where_it_ended(models, hub, tmp_path):
    file = listed(models, hub)
    hub.cut_after = 300_000
    with pytest.raises(ConnectionError, match=f"300000 of {len(DATA)}"):
        models.fetch([file], tmp_path, say=print)
    assert models.problem(file, tmp_path) is not None
    hub.cut_after = None
    models.fetch([file], tmp_path, say=print)
    assert hub.requests[-1]["Range"] == "bytes=300000-"
    assert models.problem(file, tmp_path) is None


@pytest.mark.parametrize("link", ["vae", "vae/model.safetensors", "vae/model.safetensors.part", ".download.lock"])
def test_symbolic_link_in_the_folder_is_refused_and_not_written_through(models, hub, tmp_path, link):
    folder, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    for path in (folder / "vae", elsewhere):
        path.mkdir(parents=True)
    (elsewhere / "file").write_bytes(b"theirs")
    if link == "vae":
        (folder / "vae").rmdir()
        (folder / "vae").symlink_to(elsewhere)
    else:
        (folder / link).symlink_to(elsewhere / "file")
    with pytest.raises((models.ModelsError, OSError), match="symbolic link"):
        models.fetch([listed(models, hub)], folder, say=print)
    assert [path.name for path in elsewhere.iterdir()] == ["file"]
    assert (elsewhere / "file").read_bytes() == b"theirs"
    assert hub.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/model", "http://169.254.169.254/latest", "ftp://127.0.0.1/model"])
def test_redirect_to_another_place_is_refused_in_words(models, hub, tmp_path, url):
    hub.redirect = url
    with pytest.raises(models.ModelsError, match="which is not followed"):
        models.fetch([listed(models, hub, url=hub.url.replace("model", "moved"))], tmp_path, say=print)


@pytest.mark.parametrize(
    ("url", "to", "followed"),
    [
        ("https://huggingface.co/a", "https://cas-bridge.xethub.hf.co/b", True),
        ("https://huggingface.co/a", "http://cdn.hf.co/b", False),
        ("https://huggingface.co/a", "https://evilhf.co/b", False),
        ("https://github.com/a", "https://release-assets.githubusercontent.com/b", True),
        ("https://models.example/a", "https://cdn.hf.co/b", False),
        ("https://models.example/a", "https://models.example:8443/b", False),
    ],
)
def test_hubs_redirect_to_their_own_storage_alone(models, url, to, followed):
    request = models.urllib.request.Request(url)
    handler, response = models._Redirects(), io.BytesIO()
    if followed:
        assert handler.redirect_request(request, response, 302, "Found", {}, to).full_url == to
    else:
        with pytest.raises(models.ModelsError, match="which is not followed"):
            handler.redirect_request(request, response, 302, "Found", {}, to)
        assert response.closed


def test_file_that_lay_there_is_trusted_after_hashing_alone(models, hub, tmp_path):
    file = listed(models, hub)
    (tmp_path / "vae").mkdir()
    (tmp_path / file.path).write_bytes(DATA)
    assert models.problem(file, tmp_path) == "not verified"
    models.fetch([file], tmp_path, say=print)
    assert hub.requests == []
    assert models.problem(file, tmp_path) is None


def test_token_of_the_hub_goes_to_the_hub_alone(models, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    models.fetch([listed(models, hub)], tmp_path, say=print)
    assert "Authorization" not in hub.requests[0]


def test_waiting_ends_with_the_last_file(models, hub, tmp_path):
    lines: list[str] = []
    file = listed(models, hub)
    waiter = threading.Thread(target=models.wait, args=([file], tmp_path), kwargs={"say": lines.append})
    waiter.start()
    models.fetch([file], tmp_path, say=print)
    waiter.join(timeout=60)
    assert not waiter.is_alive()
    assert lines[-1] == "all 1 model files are complete"


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "../etc/passwd", "url": "https://a", "sha256": SHA256},
        {"path": "/etc/passwd", "url": "https://a", "sha256": SHA256},
        {"path": "a", "url": "file:///etc/passwd", "sha256": SHA256},
        {"path": "a"},
        {"path": "a", "url": "https://a"},
        {"path": "a", "url": "https://a", "sha256": ""},
        {"path": "a", "url": "https://a", "sha256": None},
    ],
)
def test_list_that_leads_elsewhere_is_refused(models, tmp_path, entry):
    path = tmp_path / "models.json"
    path.write_text(json.dumps({"files": [entry]}))
    with pytest.raises(models.ModelsError):
        models.read_list(path)


def test_download_goes_by_the_proxy_that_is_the_only_way(models, hub, tmp_path, monkeypatch):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    file = listed(models, hub, url="https://models.test/model")
    with on_a_thread(lambda: WayOut({"models.test": hub.server_port}, authority, "user:word-8812").running()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("8812", "another"))
        with pytest.raises(OSError, match=r"models\.test.*407.*check HTTPS_PROXY") as refused:
            models.fetch([file], tmp_path, say=print)
        assert "another" not in str(refused.value)
        del refused
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # `http.client` of Python 3.11 leaves a proxy's reply open
            gc.collect()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        models.fetch([file], tmp_path, say=print)
    assert (tmp_path / file.path).read_bytes() == DATA
