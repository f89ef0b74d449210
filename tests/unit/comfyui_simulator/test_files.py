from __future__ import annotations

import shutil
import threading

import pytest
from PIL import Image

from comfyui_simulator.common.errors import ForbiddenPathError
from comfyui_simulator.common.files import Files


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.mark.parametrize(
    ("subfolder", "name"), [("..", "a.png"), ("", "../a.png"), ("/etc", "passwd"), ("a/../..", "x")]
)
def test_names_that_lead_outside_are_refused(files, subfolder, name):
    with pytest.raises(ForbiddenPathError):
        files.locate("input", subfolder, name)


def test_unknown_type_has_no_directory(files):
    with pytest.raises(KeyError):
        files.locate("nonsense", "", "a.png")


def test_input_can_name_another_type(files):
    files.save(Image.new("RGB", (8, 8)), kind="output", prefix="made")
    assert files.input_exists("made_00001_.png [output]")
    assert not files.input_exists("made_00001_.png")
    assert not files.input_exists("../ledger.jsonl")


def test_saved_files_count_on_from_those_that_are_there(files):
    picture = Image.new("RGB", (8, 8))
    first = files.save(picture, kind="output", prefix="job/1/x")
    assert first == {"filename": "x_00001_.png", "subfolder": "job/1", "type": "output"}
    (files.root / "output/job/1/x_00007_.png").touch()
    (files.root / "output/job/1/xy_00009_.png").touch()
    assert files.save(picture, kind="output", prefix="job/1/x")["filename"] == "x_00008_.png"


def test_prefix_that_leads_outside_is_refused(files):
    with pytest.raises(ForbiddenPathError):
        files.save(Image.new("RGB", (8, 8)), kind="output", prefix="../../x")


def test_fingerprint_is_that_of_the_content(files):
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        files.upload(kind="input", subfolder="", name=name, content=content, overwrite=False)
    assert files.fingerprint("a") == files.fingerprint("b") != files.fingerprint("c")


def test_files_are_listed_while_somebody_removes_their_folders(files):
    def come_and_go():
        for number in range(50):
            (files.root / f"input/job/{number}/deep").mkdir(parents=True)
            shutil.rmtree(files.root / "input/job")

    files.upload(kind="input", subfolder="kept", name="a.png", content=b"a", overwrite=False)
    others = threading.Thread(target=come_and_go)
    others.start()
    while others.is_alive():
        assert files.listing("input") == ("kept/a.png",)
    others.join()
