"""A user of the bot before the chat page in a browser."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from qwenedit_bot.texts import Text, Words

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

    from telegram_simulator.client import Person
    from tests.walk.gallery import Chapter, Gallery

SAMPLES = Path(str(files("telegram_simulator.chat_page"))) / "samples"
WIDTH, SHORTEST, TALLEST = 400, 440, 960
"""Of the page, in pixels."""
PATIENCE = 90_000
"""Milliseconds that a reaction is waited for."""

_OF_PAGE = {
    "en": {"message": "Message", "attach": "Attach photo", "send": "Send", "as_file": "Send as file"},
    "ru": {"message": "Сообщение", "attach": "Прикрепить фото", "send": "Отправить", "as_file": "Отправить файлом"},
}


class Visitor:
    """Does what a user does, by what the page shows, and takes pictures of it.

    Args:
        page: The page, open in the user's chat.
        person: The same user from the other side, for what the page has no control for.
        language: Of the user and the page.
        gallery: Keeps the pictures.
        chapter: To which they belong.
    """

    def __init__(self, page: Page, person: Person, language: str, gallery: Gallery, chapter: Chapter) -> None:
        self.page = page
        self.person = person
        self.language = language
        self.words = Words(language)
        self.others: dict[str, Person] = {}
        """Members of the user's group."""
        self._gallery = gallery
        self._chapter = chapter
        self._own = _OF_PAGE[language]

    def either(self, english: str, russian: str) -> str:
        """Return what this user would say."""
        return russian if self.language == "ru" else english

    async def say(self, text: str) -> None:
        """Write a message, or the caption of what is attached, and send it."""
        await self.page.get_by_role("textbox", name=self._own["message"]).fill(text)
        await self.page.get_by_role("button", name=self._own["send"], exact=True).click()

    async def send(self, *photos: str, caption: str = "", as_file: bool = False) -> None:
        """Send sample photos by name."""
        paths = [SAMPLES / f"{photo}.jpg" for photo in photos]
        await self.page.get_by_label(self._own["attach"]).set_input_files(paths)
        if as_file:
            await self.page.get_by_role("checkbox", name=self._own["as_file"]).check()
        await self.say(caption)

    async def press(self, text: Text, **values: str | float) -> None:
        """Press the newest button of that label."""
        await self.press_label(self.words(text, **values))

    async def press_label(self, label: str) -> None:
        """Press the newest button whose label holds this."""
        await self._messages().get_by_role("button", name=label).last.click()

    async def offers(self, text: Text, **values: str | float) -> None:
        """Wait until the newest message has a button of that label."""
        button = self._messages().last.get_by_role("button", name=self.words(text, **values))
        await expect(button).to_be_visible(timeout=PATIENCE)

    async def sees(self, text: Text, **values: str | float) -> Locator:
        """Wait until a message of the bot says this; returns it."""
        return await self.reads(self.words(text, **values))

    async def reads(self, words: str) -> Locator:
        """Wait until a message has these words; returns the newest one."""
        found = self._messages().filter(has_text=" ".join(words.partition("\n")[0].split())).last
        await expect(found).to_be_visible(timeout=PATIENCE)
        return found

    async def gets_picture(self, *, number: int = 1) -> None:
        """Wait until the bot has sent so many pictures, and the page shows them."""
        await self.person.picture(PATIENCE / 1000, number=number)
        await expect(self._messages().locator(".stack .picture img").last).to_have_js_property(
            "complete", True, timeout=PATIENCE
        )

    async def shows_alert(self, text: Text, **values: str | float) -> None:
        """Wait for the answer to a press that is to be confirmed."""
        await expect(self.page.get_by_role("alertdialog")).to_contain_text(self.words(text, **values), timeout=PATIENCE)

    async def shows_note(self, words: str) -> None:
        """Wait for the answer to a press that passes."""
        await expect(self.page.get_by_role("status").get_by_text(words)).to_be_visible(timeout=PATIENCE)

    async def take(self, name: str, shows: str, *, at: Locator | None = None) -> None:
        """Take a picture of the chat, as tall as its messages ask for.

        Args:
            name: Of its file.
            shows: What is to be seen.
            at: The message around which it is; the last one if left out.
        """
        await self.page.set_viewport_size({"width": WIDTH, "height": await self._height()})
        await self.page.evaluate("document.getElementById('scroller').scrollTop = 1e6")
        if at is not None:
            await at.evaluate("message => message.scrollIntoView({ block: 'center' })")
        await self.page.mouse.move(0, 0)  # nothing is shown as pointed at
        await self.page.wait_for_timeout(250)
        assert await self._overflow() == 0, f"{name} is wider than a phone"
        self._gallery.keep(self._chapter, self.language, name, shows, await self.page.screenshot())

    def _messages(self) -> Locator:
        return self.page.get_by_role("log").get_by_role("list").first.get_by_role("listitem")

    async def _height(self) -> int:
        needed: int = await self.page.evaluate(
            """["header", "#messages", "#empty:not([hidden])", "#composer"]
                .reduce((sum, each) => sum + (document.querySelector(each)?.offsetHeight ?? 0), 8)"""
        )
        return min(max(needed, SHORTEST), TALLEST)

    async def _overflow(self) -> int:
        widest: int = await self.page.evaluate(
            "[document.documentElement, ...document.querySelectorAll('[role=region], form')]"
            ".reduce((most, box) => Math.max(most, box.scrollWidth - box.clientWidth), 0)"
        )
        return widest
