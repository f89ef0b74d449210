"""The chat page in a real browser, as somebody uses it who knows only what it says and shows."""

from __future__ import annotations

import pytest
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCEL = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Cancel", callback_data="cancel")]])


def items(page: Page):
    """The chat's messages: the items of its list."""
    return page.get_by_role("log").get_by_role("list").get_by_role("listitem")


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()


async def send_photo(page: Page, photo, caption: str) -> None:
    await page.get_by_label("Attach photo").set_input_files(photo)
    await say(page, caption)


def picture(photo) -> BufferedInputFile:
    return BufferedInputFile(photo.read_bytes(), "edited.jpg")


async def wait_loaded(image) -> None:
    await expect(image).to_have_js_property("complete", True)
    assert await image.evaluate("image => image.naturalWidth") > 0


async def test_message_is_the_placeholder_then_the_progress_then_the_picture(page, bot, photos):
    await send_photo(page, photos["cat"], "make it snow")
    sent = await bot.message()
    assert sent.caption == "make it snow"
    assert sent.photo
    await expect(items(page)).to_have_count(1)
    await expect(items(page).first).to_contain_text("You: make it snow")

    placeholder = await sent.reply("In line: place 1", reply_markup=CANCEL)
    answer = items(page).nth(1)
    await expect(answer).to_contain_text("In line: place 1")
    await expect(answer.get_by_role("button", name="Cancel")).to_be_visible()

    await placeholder.edit_text("Step 2 of 4", reply_markup=CANCEL)
    await expect(answer).to_contain_text("Step 2 of 4")
    await expect(answer).not_to_contain_text("In line")

    await placeholder.edit_media(InputMediaPhoto(media=picture(photos["rocket"]), caption="Here it is"))
    image = answer.get_by_role("img", name="Photo from")
    await wait_loaded(image)
    await expect(answer).to_contain_text("Here it is")
    await expect(answer.get_by_role("button", name="Cancel")).to_have_count(0)
    await expect(items(page)).to_have_count(2)


async def test_pressed_button_reaches_the_bot_and_its_answer_the_user(page, bot):
    await say(page, "hello")
    await (await bot.message()).answer("Working", reply_markup=CANCEL)
    button = items(page).get_by_role("button", name="Cancel")

    await button.click()
    press = await bot.press()
    assert press.data == "cancel"
    await press.answer("Cancelled")
    await expect(page.get_by_role("status").get_by_text("Cancelled")).to_be_visible()

    await button.click()
    await (await bot.press()).answer("Too late: it is done", show_alert=True)
    alert = page.get_by_role("alertdialog")
    await expect(alert).to_contain_text("Too late: it is done")
    await alert.get_by_role("button", name="OK").click()
    await expect(alert).to_be_hidden()


async def test_text_is_never_parsed_as_html_and_its_links_and_commands_can_be_pressed(page, bot):
    await say(page, "<img src=x onerror='document.title = `broken`'>")
    await (await bot.message()).answer("👋 <b>bold</b>, see https://example.org/ or /help")
    answer = items(page).nth(1)
    await expect(answer).to_contain_text("👋 <b>bold</b>, see")
    await expect(answer.get_by_role("link")).to_have_attribute("href", "https://example.org/")
    await expect(items(page).first).to_contain_text("<img src=x")
    assert await page.title() != "broken"
    await answer.get_by_role("button", name="/help").click()
    assert (await bot.message()).text == "/help"
