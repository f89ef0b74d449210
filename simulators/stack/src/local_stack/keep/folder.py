"""The folder of a durable run: whose it is, what lies where, and the lock that lets one run have it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local_stack.processes.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = 1
"""Of the folder's layout; a release that reads another one raises it."""
MARKER = "qwenedit.json"
LOCK = "lock"
NOT_STRANGE = {LOCK, f"{MARKER}.new", "lost+found"}
"""What may lie in a folder that is not ours yet: a killed first start leaves it, or a file system of its own has it."""
LEAST_FREE = 200 << 20
"""Bytes: some tens of jobs with their pictures."""
LOCK_PATIENCE = 5.0
"""Seconds that the parts of a killed run may take to end."""
LOCK_PAUSE = 0.1


class DataFolder:
    """A folder that is ours alone while the process lives. Make one with `opened`.

    Args:
        path: The folder.
        lock: The descriptor of the locked file. A part that has it too keeps the lock when this process is killed.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.lock = lock

    @property
    def redis(self) -> Path:
        """Jobs, pictures, drafts and balances: Redis' file."""
        return self.path / "redis"

    @property
    def log(self) -> Path:
        """The newest lines of all parts; older files have a number."""
        return self.path / "logs" / "qwenedit.log"

    def secret(self, name: str) -> str:
        """Return a random word that stays the same; made where it is missing."""
        path = self.path / "secrets" / name
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _write(path, f"{secrets.token_hex(24)}\n")
        return path.read_text(encoding="utf-8").strip()

    def publish(self, settings: dict[str, str]) -> None:
        """Keep settings with which other programs of this user reach the run."""
        _write(self.path / "secrets" / "connection.json", json.dumps(settings))


@contextmanager
def opened(path: Path) -> Iterator[DataFolder]:
    """Lock a folder and yield it; an absent one is made, and so is what must be in it.

    Raises:
        StackError: another run has it, it is something else, a newer version made it, it cannot be written to, or its
            disk is full.
    """
    folder = _open(path)
    try:
        yield folder
    finally:
        os.close(folder.lock)


def _open(path: Path) -> DataFolder:
    try:
        path.mkdir(parents=True, exist_ok=True)
        _require_ours(path)
        _require_room(path)
        lock = _locked(path)
        if not (path / MARKER).exists():
            _write(path / MARKER, json.dumps({"format": FORMAT}))
        (path / "logs").mkdir(exist_ok=True)
    except OSError as error:
        raise StackError(f"DATA is '{path}': {error.strerror} ({error.filename or path})") from error
    return DataFolder(path, lock)


def published(path: Path) -> dict[str, str]:
    """Return the settings with which the run in a folder can be reached.

    Raises:
        StackError: there is none.
    """
    try:
        return dict(json.loads((path / "secrets" / "connection.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise StackError(f"DATA is '{path}': no run has been started there ({error})") from error


def _require_ours(path: Path) -> None:
    marker = path / MARKER
    if not marker.exists():
        strange = sorted({entry.name for entry in path.iterdir()} - NOT_STRANGE)
        if strange:
            raise StackError(f"DATA is '{path}': it holds other things ({strange[0]}, …); name a folder of its own")
        return
    try:
        made = int(json.loads(marker.read_text(encoding="utf-8"))["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise StackError(f"DATA is '{path}': {marker} cannot be read ({error}); bring it back from a backup") from error
    if made > FORMAT:
        raise StackError(
            f"DATA is '{path}': a newer version made it (format {made}, this version reads {FORMAT}); update qwenedit"
        )


def _require_room(path: Path) -> None:
    free = shutil.disk_usage(path).free
    if free < LEAST_FREE:
        raise StackError(
            f"DATA is '{path}': {free >> 20} MB are free on its disk, and it needs at least {LEAST_FREE >> 20} MB"
        )


def _locked(path: Path) -> int:
    lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() < give_up:
                time.sleep(LOCK_PAUSE)
                continue
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise StackError(
                f"DATA is '{path}': another run uses it (process {holder}); stop that one, or name another folder"
            ) from None
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _write(path: Path, text: str) -> None:
    """Write a file for its owner alone, whole or not at all, also where the power fails."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
