"""The presets follow the operator's file, and a broken one changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.presets import catalogue as presets
from qwenedit_bot.presets.catalogue import PresetsError
from qwenedit_bot.presets.reload import PresetReloader

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

KEY = "qwenedit:presets"


def file_of(*ids: str) -> str:
    items = "".join(
        f"      - {{id: {each}, name: {{en: A, ru: Б}}, example: {{en: A, ru: Б}}, prompt: Do it.}}\n" for each in ids
    )
    return f"categories:\n  - id: all\n    name: {{en: A, ru: Б}}\n    presets:\n{items}"


class Folder:
    """A ConfigMap's folder as the kubelet keeps it: the file is a link into a folder that is exchanged as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = 0
        self.file = path / "presets.yaml"
        self.file.symlink_to("..data/presets.yaml")

    def change(self, text: str) -> None:
        self._version += 1
        folder = self._path / f"..{self._version}"
        folder.mkdir()
        (folder / "presets.yaml").write_text(text)
        link = self._path / "..data_tmp"
        link.symlink_to(folder.name)
        link.rename(self._path / "..data")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


def reloader_of(path: Path | None, redis: Redis, metrics: BotMetrics) -> PresetReloader:
    return PresetReloader(path, redis=redis, key=KEY, metrics=metrics)


def offered(reloader: PresetReloader) -> list[str]:
    return [preset.id for category in reloader.catalogue.categories for preset in category.presets]


async def test_shipped_presets_are_on_offer_without_a_file(redis: Redis, metrics: BotMetrics) -> None:
    reloader = reloader_of(None, redis, metrics)
    await reloader.open()
    await reloader.look()
    assert reloader.catalogue == presets.read(presets.shipped())
    assert metrics.presets._value.get() == reloader.catalogue.size


async def test_exchanged_folder_is_followed(redis: Redis, metrics: BotMetrics, folder: Folder) -> None:
    folder.change(file_of("one"))
    reloader = reloader_of(folder.file, redis, metrics)
    await reloader.open()
    assert offered(reloader) == ["one"]
    folder.change(file_of("one", "two"))
    await reloader.look()
    assert offered(reloader) == ["one", "two"]
    assert metrics.presets._value.get() == 2


@pytest.mark.parametrize("broken", ["categories: [", "", "x" * (presets.LARGEST + 1), file_of("one", "one")])
async def test_broken_file_leaves_the_last_good_one_until_it_is_mended(
    redis: Redis, metrics: BotMetrics, folder: Folder, broken: str
) -> None:
    folder.change(file_of("one"))
    reloader = reloader_of(folder.file, redis, metrics)
    await reloader.open()
    folder.change(broken)
    await reloader.look()
    assert offered(reloader) == ["one"]
    assert metrics.presets_ok._value.get() == 0
    folder.change(file_of("two"))
    await reloader.look()
    assert offered(reloader) == ["two"]
    assert metrics.presets_ok._value.get() == 1


async def test_file_that_vanishes_leaves_the_last_good_one(redis: Redis, metrics: BotMetrics, folder: Folder) -> None:
    folder.change(file_of("one"))
    reloader = reloader_of(folder.file, redis, metrics)
    await reloader.open()
    folder.file.unlink()
    await reloader.look()
    assert offered(reloader) == ["one"]
    assert metrics.presets_ok._value.get() == 0


async def test_restart_over_a_broken_file_offers_what_was_good_before(
    redis: Redis, metrics: BotMetrics, folder: Folder
) -> None:
    folder.change(file_of("one"))
    await reloader_of(folder.file, redis, metrics).open()
    folder.change("categories: [")
    restarted = reloader_of(folder.file, redis, metrics)
    await restarted.open()
    assert offered(restarted) == ["one"]
    assert metrics.presets_ok._value.get() == 0
    assert metrics.presets._value.get() == 1


async def test_first_start_over_a_broken_file_is_refused(redis: Redis, metrics: BotMetrics, folder: Folder) -> None:
    folder.change("categories: [")
    with pytest.raises(PresetsError, match="line 1"):
        await reloader_of(folder.file, redis, metrics).open()
