"""The chat page for people who do not see it, or see it in colours of their own."""

from __future__ import annotations

import pytest
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

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
