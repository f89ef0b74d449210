"""Fill a models folder from a list, and hold ComfyUI back until it is filled.

    models.py fetch --folder DIR --list FILE    download missing files, resuming partial ones
    models.py wait  --folder DIR --list FILE    return when every needed file is complete

`keep` is a `fetch` that stays, as a DaemonSet's pod has to.

The list is `{"files": [{"path": ..., "url": ..., "sha256": ..., "licence": ..., "optional": true}]}`, of which the last
two may be left out. A file is complete when a note beside it has its hash, which was computed after its download.
HF_TOKEN is sent to huggingface.co. Redirects are followed within a file's own host, and from huggingface.co and
github.com to their storage. Nothing is read or written through a symbolic link.

Runs in the worker's image and in ComfyUI's, with nothing but the standard library.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.client import HTTPMessage, HTTPResponse

TOKEN_HOST = "huggingface.co"  # noqa: S105 - a host name
STORAGE = {"huggingface.co": ".hf.co", "github.com": ".githubusercontent.com"}
"""Host of a list's addresses → end of the hosts to which it redirects downloads."""


class ModelsError(Exception):
    """The folder cannot be filled as the list says; the message says why."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of the list."""

    path: str
    url: str
    sha256: str
    licence: str | None = None
    """For readers of the list."""
    optional: bool = False
    """ComfyUI starts without it: no default workflow loads it."""

    def __post_init__(self) -> None:
        """Refuse what would be written outside of the folder or read from it.

        Raises:
            ModelsError: the path is no plain relative one, the URL is no HTTP, or the hash is none.
        """
        path = PurePosixPath(self.path)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ModelsError(f"{self.path!r} is not a path below the models folder")
        if urllib.parse.urlsplit(self.url).scheme not in {"http", "https"}:
            raise ModelsError(f"{self.url!r} is not an http or https address")
        if not re.fullmatch(r"[0-9a-fA-F]{64}", self.sha256):
            raise ModelsError(f"{self.path} has the sha256 {self.sha256!r}: 64 hexadecimal digits are required")

    def target(self, folder: Path) -> Path:
        """Where the complete file lies."""
        return folder / self.path

    def part(self, folder: Path) -> Path:
        """Where the file lies while it is incomplete."""
        return folder / f"{self.path}.part"

    def note(self, folder: Path) -> Path:
        """Where its size and hash are noted once it is complete."""
        return folder / f"{self.path}.sha256"

    def link(self, folder: Path) -> Path | None:
        """Return the first symbolic link below the folder that leads to this file, if there is one."""
        for path in (self.target(folder), self.part(folder), self.note(folder)):
            for way in (path, *path.parents[: len(PurePosixPath(self.path).parts) - 1]):
                if way.is_symlink():
                    return way
        return None


def read_list(path: Path) -> list[ModelFile]:
    """Read the list of files.

    Raises:
        ModelsError: it is not such a list.
    """
    try:
        return [ModelFile(**entry) for entry in json.loads(path.read_text())["files"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelsError(f"{path} is not a list of models: {error!r}") from error


def problem(file: ModelFile, folder: Path) -> str | None:
    """Return why a file isn't complete; None if it is."""
    target, note = file.target(folder), file.note(folder)
    if link := file.link(folder):
        return f"{link} is a symbolic link"
    if not target.exists():
        part = file.part(folder)
        return f"{part.stat().st_size / 1e9:.2f} GB so far" if part.exists() else "missing"
    if not note.exists():
        return "not verified"
    digest, _, size = note.read_text().strip().partition(" ")
    if size != str(target.stat().st_size):
        return f"{target.stat().st_size} bytes in place of {size}"
    if digest != file.sha256.lower():
        return f"another file: sha256 {digest} in place of {file.sha256}"
    return None


def fetch(files: list[ModelFile], folder: Path, *, say: Callable[[str], None]) -> None:
    """Download what is not complete.

    Raises:
        ModelsError: a file is not what its hash says, a symbolic link is in the way, a redirect leads elsewhere, or the
            volume is too small.
        OSError: the download broke off; what has come is kept and taken up by the next call.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".download.lock", "w", opener=_opener) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two downloads into one file would spoil it
        for file in files:
            trouble = problem(file, folder)
            if trouble is None:
                say(f"{file.path}: complete")
                continue
            say(f"{file.path}: {trouble}")
            _fetch(file, folder, say=say)


def keep(files: list[ModelFile], folder: Path, *, say: Callable[[str], None]) -> None:
    """Download what is not complete, and stay until SIGTERM.

    Raises:
        ModelsError: as `fetch` does.
        OSError: as `fetch` does.
    """
    fetch(files, folder, say=say)
    say(f"all {len(files)} files are there")
    signal.pause()


def _fetch(file: ModelFile, folder: Path, *, say: Callable[[str], None]) -> None:
    target, part = file.target(folder), file.part(folder)
    if link := file.link(folder):
        raise ModelsError(f"{link} is a symbolic link: replace it by the file or folder itself, or remove it")
    target.parent.mkdir(parents=True, exist_ok=True)
    file.note(folder).unlink(missing_ok=True)
    if target.exists():
        target.replace(part)  # of unknown worth: the hash decides
    else:
        _download(file, part, say=say)
    digest = _sha256(part)
    if digest != file.sha256.lower():
        part.unlink()
        raise ModelsError(f"{file.path} has sha256 {digest} in place of {file.sha256}; it was deleted")
    size = part.stat().st_size
    part.replace(target)
    file.note(folder).write_text(f"{digest} {size}\n")
    say(f"{file.path}: complete, {size / 1e9:.2f} GB, sha256 {digest}")


def _download(file: ModelFile, part: Path, *, say: Callable[[str], None]) -> None:
    response = _open(file, offset=part.stat().st_size if part.exists() else 0)
    if response is None:
        return
    mode = "ab" if response.status == HTTPStatus.PARTIAL_CONTENT else "wb"
    with response, open(part, mode, opener=_opener) as out:
        total = _total(response.headers, out.tell())
        if total is not None and total - out.tell() > shutil.disk_usage(part.parent).free:
            raise ModelsError(f"{file.path} needs {total / 1e9:.1f} GB, more than is free on the volume")
        reported = time.monotonic()
        while chunk := response.read(4 << 20):
            out.write(chunk)
            if time.monotonic() - reported > 15:
                reported = time.monotonic()
                say(f"{file.path}: {out.tell() / 1e9:.2f} of {(total or 0) / 1e9:.2f} GB")
        if total is not None and out.tell() < total:
            raise ConnectionError(f"{file.url} broke off after {out.tell()} of {total} bytes")


def _open(file: ModelFile, *, offset: int) -> HTTPResponse | None:
    """Request a file from its byte `offset` on; None if it has no more bytes."""
    request = urllib.request.Request(file.url, headers={"User-Agent": "qwenedit-models"})  # noqa: S310 - checked
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    token = os.environ.get("HF_TOKEN")
    if token and urllib.parse.urlsplit(file.url).hostname == TOKEN_HOST:
        # Unredirected: the storage behind the hub has signed addresses and must not see the token.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        response: HTTPResponse = urllib.request.build_opener(_Redirects).open(request, timeout=60.0)
    except urllib.error.HTTPError as error:
        error.close()  # it's the response, whose connection would stay open for as long as somebody has the error
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None  # nothing is left to come; the hash will tell
        raise ModelsError(f"{file.url} answers {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        ways = "check HTTPS_PROXY with its user and password, NO_PROXY, SSL_CERT_FILE and network policies"
        raise ConnectionError(f"{file.url} cannot be reached: {error.reason}; {ways}") from error
    return response


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only where a download of this host leads: any other could ask the cluster's own services."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        storage = STORAGE.get(req.origin_req_host)
        to_storage = storage is not None and new.scheme == "https" and (new.hostname or "").endswith(storage)
        if (new.scheme, new.netloc) != (old.scheme, old.netloc) and not to_storage:
            fp.close()  # else its connection stays open for as long as somebody has the error
            raise ModelsError(f"{old.geturl()} redirects to {new.scheme}://{new.netloc}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o644)


def _total(headers: HTTPMessage, offset: int) -> int | None:
    length = headers.get("Content-Length")
    return None if length is None else offset + int(length)


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def wait(files: list[ModelFile], folder: Path, *, say: Callable[[str], None]) -> None:
    """Return when every file is complete that ComfyUI does not start without."""
    reported, needed = float("-inf"), [file for file in files if not file.optional]
    while troubles := {file.path: trouble for file in needed if (trouble := problem(file, folder))}:
        if time.monotonic() - reported > 15:
            reported = time.monotonic()
            for path, trouble in troubles.items():
                say(f"waiting for {path}: {trouble}")
        time.sleep(2.0)
    say(f"all {len(needed)} model files are complete")
    for path, trouble in {file.path: problem(file, folder) for file in files if file.optional}.items():
        if trouble:
            say(f"without {path}: {trouble}")


def main() -> None:
    """Run one command."""
    signal.signal(signal.SIGTERM, _stop)  # the first process of a container ignores it otherwise
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("fetch", "keep", "wait"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--list", type=Path, required=True)
    arguments = parser.parse_args()
    run = {"fetch": fetch, "keep": keep, "wait": wait}[arguments.command]
    try:
        run(read_list(arguments.list), arguments.folder, say=_say)
    except (ModelsError, OSError) as error:
        raise SystemExit(f"models: {error}") from error


def _say(line: str) -> None:
    sys.stdout.write(f"models: {line}\n")
    sys.stdout.flush()


def _stop(_signal: int, _frame: Any) -> None:
    raise SystemExit("models: stopped")


if __name__ == "__main__":
    main()
