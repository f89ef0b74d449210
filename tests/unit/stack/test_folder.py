"""The folder of a durable run: what it refuses, and what it keeps."""

from __future__ import annotations

import json
import shutil
import stat
from typing import NamedTuple

import pytest

from local_stack.keep import folder
from local_stack.keep.folder import opened
from local_stack.processes.errors import StackError


class Usage(NamedTuple):
    free: int


@pytest.fixture(autouse=True)
def _hurried(monkeypatch):
    monkeypatch.setattr(folder, "LOCK_PATIENCE", 0.0)


def test_secret_stays_the_same_and_is_for_its_owner_alone(tmp_path):
    with opened(tmp_path / "data") as first:
        secret = first.secret("redis")
    with opened(tmp_path / "data") as again:
        assert again.secret("redis") == secret
    assert len(secret) == 48
    path = tmp_path / "data" / "secrets" / "redis"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_folder_is_one_runs_at_a_time(tmp_path):
    said = r"another run uses it \(process \d+\); stop that one"
    with opened(tmp_path / "data"), pytest.raises(StackError, match=said), opened(tmp_path / "data"):
        raise AssertionError
    with opened(tmp_path / "data"):
        pass


def test_folder_of_other_things_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "letters.txt").touch()
    said = r"it holds other things \(letters\.txt, …\); name a folder of its own"
    with pytest.raises(StackError, match=said), opened(tmp_path):
        raise AssertionError
    assert [entry.name for entry in tmp_path.iterdir()] == ["letters.txt"]


def test_folder_of_a_newer_version_is_refused(tmp_path):
    (tmp_path / "qwenedit.json").write_text(json.dumps({"format": 2}))
    said = r"a newer version made it \(format 2, this version reads 1\); update"
    with pytest.raises(StackError, match=said), opened(tmp_path):
        raise AssertionError


def test_folder_on_a_full_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(3 << 20))
    with pytest.raises(StackError, match=r"3 MB are free on its disk, and it needs at least 200 MB"), opened(tmp_path):
        raise AssertionError
