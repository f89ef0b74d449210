"""The chat page in a real browser, as somebody uses it who knows only what it says and shows."""

from __future__ import annotations

import pytest
from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LabeledPrice,
    ReplyParameters,
)
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


async def test_invoice_is_paid_by_its_button_and_given_back(page, bot):
    await say(page, "/buy")
    chat = (await bot.message()).chat
    await bot.api.send_invoice(
        chat.id,
        title="10 pictures",
        description="They do not expire.",
        payload="pack:10",
        currency="XTR",
        prices=[LabeledPrice(label="10 pictures", amount=50)],
    )
    await expect(items(page).last).to_contain_text("They do not expire.")
    await page.get_by_role("button", name="Pay").click()
    await expect(items(page).last).to_have_text("You paid ⭐️ 50")
    await expect(items(page).filter(has_text="They do not expire.")).to_contain_text("paid")
    await expect(page.get_by_role("button", name="Pay")).to_have_count(0)
    told = await bot.message()
    paid = told.successful_payment
    await bot.api.send_message(chat.id, "Thank you!", reply_parameters=ReplyParameters(message_id=told.message_id))
    await expect(items(page).last.get_by_role("button", name="In reply to")).to_contain_text("You paid ⭐️ 50")
    await bot.api.refund_star_payment(chat.id, paid.telegram_payment_charge_id)
    await expect(items(page).last).to_have_text("⭐️ 50 came back to you")


async def test_pictures_sent_together_are_one_album(page, bot, photos):
    await page.get_by_label("Attach photo").set_input_files([photos["cat"], photos["coffee"], photos["rocket"]])
    previews = page.get_by_role("list", name="Attachments").get_by_role("listitem")
    await expect(previews).to_have_count(3)
    await page.get_by_role("button", name="Remove coffee.jpg").click()
    await expect(previews).to_have_count(2)
    await say(page, "put the cat on the rocket")

    first, second = await bot.message(), await bot.message()
    assert first.caption == "put the cat on the rocket"
    assert first.media_group_id == second.media_group_id is not None
    await expect(items(page)).to_have_count(1)
    await expect(items(page).get_by_role("img", name="Photo you sent")).to_have_count(2)
    await expect(previews).to_have_count(0)


async def test_files_keep_their_bytes_in_both_directions(page, bot, photos):
    await page.get_by_label("Attach photo").set_input_files(photos["coffee"])
    await page.get_by_role("checkbox", name="Send as file").check()
    await say(page, "sharpen")
    sent = await bot.message()
    assert sent.document
    assert sent.document.file_name == "coffee.jpg"
    assert (await bot.api.download(sent.document)).read() == photos["coffee"].read_bytes()

    await sent.answer_document(BufferedInputFile(photos["cat"].read_bytes(), "edited.jpg"), caption="In full quality")
    link = items(page).nth(1).get_by_role("link", name="edited.jpg")
    async with page.expect_download() as download:
        await link.click()
    assert (await download.value).suggested_filename == "edited.jpg"
    path = await (await download.value).path()
    assert path.read_bytes() == photos["cat"].read_bytes()


async def test_everything_is_done_by_keyboard_alone(page, bot):
    async def tab_to(name: str, key: str = "Tab") -> None:
        focused = "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()"
        for _ in range(40):
            await page.keyboard.press(key)
            if await page.evaluate(focused) == name:
                return
        pytest.fail(f"{key} does not lead to {name!r}")

    await page.get_by_role("button", name="Use sample photo: Coffee").wait_for()
    await tab_to("Use sample photo: Coffee")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    await page.keyboard.type("make it tea")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("with lemon")
    await page.keyboard.press("Enter")
    sent = await bot.message()
    assert sent.caption == "make it tea\nwith lemon"

    placeholder = await sent.answer("Step 1", reply_markup=CANCEL)
    button = items(page).get_by_role("button", name="Cancel")
    await button.wait_for()
    await tab_to("Cancel", "Shift+Tab")
    await placeholder.edit_text("Step 2", reply_markup=CANCEL)
    await expect(items(page).nth(1)).to_contain_text("Step 2")
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    assert (await bot.press()).data == "cancel"


async def test_chat_page_fits_on_a_phone(page, bot, photos):
    await page.set_viewport_size({"width": 360, "height": 640})
    assert await overflow(page) == 0
    await send_photo(page, photos["rocket"], "W" * 200)
    sent = await bot.message()
    row = [InlineKeyboardButton(text=f"A button of some length {number}", callback_data="x") for number in range(3)]
    await sent.reply_photo(
        picture(photos["astronaut"]), caption="x" * 300, reply_markup=InlineKeyboardMarkup(inline_keyboard=[row])
    )
    await wait_loaded(items(page).nth(1).get_by_role("img", name="Photo from"))
    await page.get_by_role("button", name="Use sample photo: Cat").click()
    await expect(page.get_by_role("group", name="Suggestions")).to_be_visible()
    assert await overflow(page) == 0
    box = await page.get_by_role("button", name="Send", exact=True).bounding_box()
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 640


async def overflow(page: Page) -> int:
    """Horizontal overflow of page and chat in pixels."""
    widest: int = await page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('[role=region], form')]"
        ".reduce((most, box) => Math.max(most, box.scrollWidth - box.clientWidth), 0)"
    )
    return widest


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


async def test_group_has_its_name_and_those_of_its_members(page, bot, address, user_id):
    await page.goto(f"{address}/?user={user_id}&group=Family")
    await page.get_by_role("heading", name="Family").wait_for()
    other = await page.context.new_page()
    await other.goto(f"{address}/?user={user_id + 100_000}&group=Family")
    await say(other, "/hello everybody")
    await expect(items(page).first).to_contain_text(f"User {user_id + 100_000}: /hello everybody")
    await expect(items(page).first.locator(".author")).to_be_visible()
    await expect(items(other).first).to_contain_text("You: /hello everybody")
    await say(page, "/hello you")
    sent = await bot.message()
    assert (sent.chat.type, sent.chat.title, sent.text) == ("supergroup", "Family", "/hello you")


async def test_page_finds_its_way_back_after_the_simulator_was_away(page, bot, simulator):
    await say(page, "before")
    await bot.message()
    await simulator.stop()
    await expect(page.get_by_role("alert")).to_contain_text("Connection lost")
    await expect(page.get_by_text("connecting…")).to_be_visible()
    await simulator.start()
    await expect(page.get_by_role("alert")).to_be_empty(timeout=60_000)
    await say(page, "after")
    await expect(items(page).last).to_contain_text("after")
