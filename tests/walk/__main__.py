"""`make walk`: walk through every feature in a browser, and take its pictures."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from playwright.async_api import async_playwright

from tests.walk.gallery import LANGUAGES, ROOT, Gallery
from tests.walk.harness import ADMIN, performing
from tests.walk.scenes import SCENES
from tests.walk.visitor import PATIENCE, TALLEST, WIDTH, Visitor

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tests.walk.gallery import Chapter
    from tests.walk.harness import Harness
    from tests.walk.scenes import Scene

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FAILED = ROOT / ".local" / "walk-failed.png"
NAMES = {"en": "Ann", "ru": "Аня"}
MUMS = {"en": "Mum", "ru": "Мама"}
_user_ids = itertools.count(7_100)


def main() -> None:
    """Walk; exit code 1 says that something was not as it should be."""
    parser = argparse.ArgumentParser(prog="make walk", description=__doc__)
    parser.add_argument(
        "--only",
        default="",
        help="scenes whose title this is found in, a regular expression; the page is not written then",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qwenedit-walk-") as data:
        asyncio.run(walk(Path(data), options.only))


async def walk(data: Path, only: str) -> None:
    """Play all scenes in all languages."""
    began = time.monotonic()
    gallery = Gallery()
    async with performing(data) as harness, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_browser(), args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        await _check_fonts(browser)
        await harness.warm_up()
        for scene in SCENES:
            if not re.search(only, scene.title):
                continue
            chapter = gallery.chapter(scene.title, scene.about)
            for language in LANGUAGES:
                await _play(scene, language, browser, harness, gallery, chapter)
            print(f"{time.monotonic() - began:6.1f} s  {scene.title}", flush=True)
        await browser.close()
    if not only:
        gallery.write()
    count = sum(len(chapter.pictures) for chapter in gallery.chapters) * len(LANGUAGES)
    print(f"{count} pictures, {gallery.bytes / 1e6:.2f} MB, {time.monotonic() - began:.0f} s")


async def _play(
    scene: Scene, language: str, browser: Browser, harness: Harness, gallery: Gallery, chapter: Chapter
) -> None:
    user_id = ADMIN + LANGUAGES.index(language) if scene.admin else next(_user_ids)
    person = await harness.telegram.user(user_id, language=language, first_name=NAMES[language])
    query, others = {"user": str(user_id)}, {}
    if scene.where is not None:
        title = f"{scene.where} {language.upper()}"
        mum = await harness.telegram.user(language=language, first_name=MUMS[language])
        group = await harness.telegram.group(title, person, mum)
        person, query["group"], others = person.within(group), title, {"mum": mum.within(group)}
    context = await browser.new_context(
        viewport={"width": WIDTH, "height": TALLEST},
        device_scale_factor=1.25,
        reduced_motion="reduce",
        locale=language,
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{harness.url}/?{urlencode(query)}")
    try:
        user = Visitor(page, person, language, gallery, chapter)
        user.others |= others
        await scene.play(user, harness)
        assert errors == []
        await harness.idle()
    except BaseException:
        print(f"In “{scene.title}”, {language}; see {FAILED}:", file=sys.stderr)
        await page.screenshot(path=FAILED)
        raise
    finally:
        await context.close()


async def _check_fonts(browser: Browser) -> None:
    """Refuse to take pictures in which each emoji would be an empty box."""
    page = await browser.new_page()
    coloured = await page.evaluate(
        """() => {
            const canvas = document.createElement("canvas").getContext("2d");
            canvas.font = "40px sans-serif";
            canvas.fillText("👋", 0, 40);
            const { data } = canvas.getImageData(0, 0, 60, 60);
            return data.some((value, at) => at % 4 === 0 && value !== data[at + 2]);
        }"""
    )
    await page.close()
    if not coloured:
        raise SystemExit("no font with emoji is installed, such as Debian's fonts-noto-color-emoji")


def _browser() -> str:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit(f"no browser: neither CHROMIUM is set nor is any of {', '.join(BROWSERS)} on the PATH")
    return path


main()
