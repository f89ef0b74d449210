"""What a release is made from: one version, one registry, the notes, and the digests in the chart."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DIGEST = f"sha256:{'a' * 64}"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n- a change\n\n## [0.0.1] - 2026-01-01\n\n- an old change\n"
TEXTS = (".md", ".yaml", ".yml", ".sh", ".toml", ".txt", "Dockerfile")
OURS = r"(?:bot|worker|comfyui|comfyui-simulator|telegram-simulator|charts)\b"


version, pin_chart = (
    SimpleNamespace(**runpy.run_path(str(ROOT / f".ci/release/{name}.py"))) for name in ("version", "pin_chart")
)


def project() -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["qwenedit"]
    return found


@pytest.fixture
def copy(tmp_path):
    """The files that a version stands in, and a changelog."""
    for glob in version.PLACES:
        for path in ROOT.glob(glob):
            if not path.relative_to(ROOT).parts[0].startswith("."):
                target = tmp_path / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_version_is_the_same_everywhere():
    assert version.check(ROOT, "") == []


def test_version_is_written_everywhere(copy):
    version.write(copy, "9.8.7-rc.1")
    assert version.check(copy, "v9.8.7-rc.1") == []
    assert "9.8.7-rc.1" in (copy / "services/bot/pyproject.toml").read_text()


def test_tag_of_another_version_is_refused(copy):
    version.write(copy, "0.2.0")
    assert version.check(copy, "v0.2.0") == []
    assert "the tag v0.3.0 is not v0.2.0" in version.check(copy, "v0.3.0")[0]


def test_version_without_notes_is_not_released(copy):
    version.write(copy, "0.2.0")
    version.write(copy, "0.3.0")
    assert version.check(copy, "v0.3.0") == ["CHANGELOG.md says nothing under [0.3.0]"]


def test_unreleased_changes_become_the_notes(copy):
    version.write(copy, "0.2.0")
    assert version.notes(copy, "0.2.0") == "- a change"
    assert version.notes(copy, "Unreleased") == ""


def test_chart_names_the_digest_of_each_image_and_keeps_all_else():
    before = (ROOT / "charts/qwenedit/values.yaml").read_text()
    names = ("bot", "worker", "comfyui")
    after = pin_chart.pinned(before, "ghcr.io/qwenedit", dict.fromkeys((*names, "valkey/valkey"), DIGEST))
    expected = yaml.safe_load(before)
    for name in names:
        expected[name]["image"] |= {"repository": f"ghcr.io/qwenedit/{name}", "digest": DIGEST}
    expected["redis"]["image"]["digest"] = DIGEST
    assert yaml.safe_load(after) == expected
    assert after.count("#") == before.count("#")


def texts():
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        if name.endswith(TEXTS) and name != "uv.lock":
            yield name, (ROOT / name).read_text()


def test_every_page_names_one_registry_and_one_repository():
    registry, repository = project()["registry"], project()["repository"]
    named = 0
    for name, text in texts():
        for found in re.findall(rf"(?:[\w.-]+\.\w+(?::\d+)?)/[\w.-]+(?=/{OURS})", text):
            if found.startswith("ghcr.io"):
                named += 1
                assert found == registry, name
        for found in re.findall(r"https://github\.com/qwenedit/[\w-]+", text):
            assert found == repository, name
    assert named
