"""The chat page for people who do not see it, or see it in colours of their own."""

from __future__ import annotations

import pytest
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUTTONS = InlineKeyboardMarkup(
    inline_keyboard=[
        [
            InlineKeyboardButton(text="Again", callback_data="again"),
            InlineKeyboardButton(text="Edit further", callback_data="further", style="primary"),
        ],
        [InlineKeyboardButton(text="Cancel", callback_data="cancel", style="danger")],
    ]
)


async def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it is now."""
    found = await Axe().run(page)
    return [
        f"{rule['id']}: {node['html']}: {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


async def talked(page: Page, bot, photos) -> None:
    """Have a photo edited on the page, and another one attached."""
    await page.get_by_label("Attach photo").set_input_files(photos["cat"])
    await page.get_by_role("textbox", name="Message").fill("make it snow")
    await page.get_by_role("button", name="Send", exact=True).click()
    sent = await bot.message()
    edited = BufferedInputFile(photos["rocket"].read_bytes(), "edited.jpg")
    await sent.reply_photo(edited, caption="Done in 4 s", reply_markup=BUTTONS)
    await sent.answer("Anything else? See /help")
    await page.get_by_role("button", name="/help").wait_for()
    await page.get_by_role("button", name="Use sample photo: Coffee").click()
    await expect(page.get_by_role("group", name="Suggestions")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_axe_finds_no_violation_in_any_state_of_the_page(page, bot, photos, colours):
    await page.emulate_media(color_scheme=colours, reduced_motion="reduce")
    await page.get_by_role("button", name="Use sample photo: Coffee").wait_for()
    assert await violations(page) == []
    await talked(page, bot, photos)
    assert await violations(page) == []
    await page.set_viewport_size({"width": 360, "height": 640})
    assert await violations(page) == []
    await page.get_by_role("button", name="Open photo").first.click()
    await expect(page.get_by_role("dialog", name="Photo")).to_be_visible()
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Again").click()
    await (await bot.press()).answer("It was too long ago", show_alert=True)
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    assert await violations(page) == []


READING_ORDER = """\
- banner:
  - heading "Photo editor" [level=1]
  - paragraph: online
  - group "Language":
    - button "EN English" [pressed]
    - button "RU Русский"
- main:
  - region "Chat":
    - log:
      - list:
        - listitem:
          - paragraph: Today
          - text: "You :"
          - 'button "Open photo: Photo you sent"'
          - text: make it snow
          - time
        - listitem:
          - text: "Photo editor :"
          - button "In reply to You make it snow"
          - 'button "Open photo: Photo from Photo editor"'
          - text: Done in 4 s
          - time
          - button "Again"
          - button "Edit further"
          - button "Cancel"
        - listitem:
          - text: "Photo editor : Anything else? See"
          - button "/help"
          - time
- form "Compose":
  - alert
  - list "Attachments":
    - listitem /coffee.jpg/:
      - img "coffee.jpg"
      - button "Remove coffee.jpg"
  - checkbox "Send as file"
  - group "Suggestions":
    - button "turn the coffee into matcha"
  - list "Sample photos":
    - listitem:
      - 'button "Use sample photo: Astronaut"'
    - listitem:
      - 'button "Use sample photo: Cameraman"'
  - button "Attach photo"
  - textbox "Message"
  - button "Send"
- status
"""
"""Roles and names, as Chromium tells them to a screen reader."""


async def test_screen_reader_hears_the_chat_in_this_order(page, bot, photos):
    await talked(page, bot, photos)
    await expect(page.locator("body")).to_match_aria_snapshot(READING_ORDER)


@pytest.mark.parametrize(("locale", "heading"), [("ru-RU", "Выберите фото"), ("de-DE", "Pick a photo")])
async def test_page_opens_in_the_language_of_the_browser(
    browser: Browser, scripted_bot, address, user_id, locale, heading
):
    context = await browser.new_context(locale=locale)
    page = await context.new_page()
    await page.goto(f"{address}/?user={user_id}")
    await expect(page.get_by_role("heading", name=heading)).to_be_visible()
    await page.locator("#text").fill("/start")
    await page.locator("#send").click()
    assert (await scripted_bot.talk(user_id).message()).from_user.language_code == locale.partition("-")[0]
    await context.close()
