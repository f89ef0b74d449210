"""What becomes of old files."""

from __future__ import annotations

from functools import partial

from telegram_simulator.files.files import Files
from telegram_simulator.files.storage import Storage, temporary_storage
from telegram_simulator.messages.model import Media, MediaKind


def test_oldest_bytes_are_forgotten_when_there_is_no_room(tmp_path):
    gone: list[str] = []
    storage = Storage(tmp_path, limit=100)
    for name in "abc":
        storage.add(name.encode() * 40, forgotten=partial(gone.append, name))
    assert (gone, storage.size) == (["a"], 80)
    assert sorted(path.read_bytes()[:1] for path in tmp_path.iterdir()) == [b"b", b"c"]


def test_bytes_beyond_the_limit_are_kept_until_the_next_come(tmp_path):
    storage = Storage(tmp_path, limit=10)
    path = storage.add(b"x" * 50, forgotten=lambda: None)
    assert path.read_bytes() == b"x" * 50
    storage.add(b"y", forgotten=lambda: None)
    assert storage.size == 1


def test_forgotten_file_is_unknown_by_all_its_names(tmp_path):
    files = Files(Storage(tmp_path, limit=10))
    old = files.add(b"x" * 8, folder="documents", name="a.bin")
    files.remember(Media(kind=MediaKind.DOCUMENT, file=old))
    new = files.add(b"y" * 8, folder="documents", name="b.bin")
    assert (files.find(old.id), files.at(old.path), files.media(old.id)) == (None, None, None)
    assert files.at(new.path) is new


def test_temporary_folder_is_gone_afterwards():
    with temporary_storage(limit=10) as storage:
        path = storage.add(b"x", forgotten=lambda: None)
    assert not path.parent.exists()
