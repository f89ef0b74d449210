"""The chat page in a real browser, as somebody uses it who knows only what it says and shows."""

from __future__ import annotations

import asyncio
import base64
import re

import pytest
from aiogram.types import (
    BufferedInputFile,
    CopyTextButton,
    DisabledButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LabeledPrice,
    ReplyParameters,
)
from playwright.async_api import Page, Route, expect

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


async def test_controls_carry_the_names_people_and_screen_readers_look_for(page):
    await expect(page.get_by_label("Attach photo")).to_have_attribute("type", "file")
    await expect(page.get_by_role("textbox", name="Message", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", name="Pick a photo, say what to change")).to_be_visible()
    samples = page.get_by_role("list", name="Sample photos").get_by_role("button")
    await expect(samples).to_have_count(5)


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


async def test_second_picture_takes_the_place_of_the_one_shown(page, bot, photos):
    await say(page, "hello")
    shown = await (await bot.message()).answer_photo(picture(photos["rocket"]))
    image = items(page).nth(1).get_by_role("img", name="Photo from")
    before = await image.get_attribute("src")
    await shown.edit_media(InputMediaPhoto(media=picture(photos["coffee"])))
    await expect(image).not_to_have_attribute("src", before)
    await wait_loaded(image)
    await expect(items(page).nth(1).locator("img")).to_have_count(1)


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


async def test_button_may_copy_a_text_or_be_disabled_and_has_its_colour(page, bot):
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await say(page, "hello")
    copies = InlineKeyboardButton(text="Copy seed", copy_text=CopyTextButton(text="4711"), style="primary")
    stopping = InlineKeyboardButton(text="Cancel", disabled=DisabledButton(), style="danger")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[copies, stopping]])
    await (await bot.message()).answer("Working", reply_markup=keyboard)
    await page.get_by_role("button", name="Copy seed").click()
    await expect(page.get_by_role("status").get_by_text("Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "4711"
    await expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
    await expect(page.get_by_role("button", name="Cancel")).to_have_attribute("data-style", "danger")
    assert bot.presses.empty()


async def test_invoice_is_paid_by_its_button_and_given_back(page, bot):
    await say(page, "/buy")
    chat = (await bot.message()).chat
    await bot.api.send_invoice(
        chat.id, title="10 pictures", description="They do not expire.", payload="pack:10", currency="XTR",
        prices=[LabeledPrice(label="10 pictures", amount=50)],
    )  # fmt: skip
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


async def test_sample_photo_is_one_click_and_brings_suggestions(page, bot):
    await page.get_by_role("button", name="Use sample photo: Cat").click()
    await expect(page.get_by_role("listitem").get_by_role("button", name="Remove cat.jpg")).to_be_visible()
    await page.get_by_role("group", name="Suggestions").get_by_role("button", name="make it snow").click()
    await page.keyboard.press("Enter")
    sent = await bot.message()
    assert sent.caption == "make it snow"
    assert sent.photo


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


async def test_texts_are_formatted_by_entities_and_never_parsed_as_html(page, bot):
    await say(page, "<img src=x onerror='document.title = `broken`'>")
    sent = await bot.message()
    await sent.answer("👋 <b>bold</b> &lt;i&gt; <a href='https://example.org/'>there</a>, see /help", parse_mode="HTML")
    answer = items(page).nth(1)
    await expect(answer.locator("strong")).to_have_text("bold")
    await expect(answer).to_contain_text("👋 bold <i> there")
    await expect(answer.get_by_role("link", name="there")).to_have_attribute("href", "https://example.org/")
    await expect(items(page).first).to_contain_text("<img src=x")
    assert await page.title() != "broken"
    await answer.get_by_role("button", name="/help").click()
    assert (await bot.message()).text == "/help"


async def test_photo_opens_at_full_size_beside_the_one_before(page, bot, photos):
    await send_photo(page, photos["cat"], "make it snow")
    await (await bot.message()).answer_photo(picture(photos["rocket"]))
    opener = items(page).nth(1).get_by_role("button", name="Open photo")
    await opener.click()
    viewer = page.get_by_role("dialog", name="Photo")
    await wait_loaded(viewer.get_by_role("img", name="Photo from"))
    await expect(viewer.get_by_role("link", name="Download")).to_have_attribute("href", re.compile("/chat/files/"))
    await page.keyboard.press("ArrowLeft")
    await expect(viewer.get_by_role("img", name="Photo you sent")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(opener).to_be_focused()


async def test_reader_further_up_is_not_scrolled_but_told(page, bot):
    await say(page, "hello")
    sent = await bot.message()
    for number in range(6):
        await sent.answer("\n".join(f"line {number}.{line}" for line in range(10)))
    await expect(items(page)).to_have_count(7)
    await expect(items(page).last).to_be_in_viewport()
    chat = page.get_by_role("region", name="Chat")
    await chat.evaluate("chat => { chat.scrollTop = 0; }")
    await sent.answer("something new")
    chip = page.get_by_role("button", name="1 new")
    await expect(chip).to_be_visible()
    assert await chat.evaluate("chat => chat.scrollTop") == 0
    await chip.click()
    await expect(items(page).last).to_be_in_viewport()
    await expect(chip).to_be_hidden()


MOVE_UP_AFTER_THE_JUMP = """chat => {
    const observer = new ResizeObserver(() => {  // later than the page's own, and before the jump is reported
        if (chat.scrollTop === 0) return;
        chat.scrollTop = 0;
        observer.disconnect();
        chat.dataset.moved = "up";
    });
    observer.observe(document.getElementById("messages"));
}"""


async def test_reader_who_moves_up_in_the_moment_of_a_message_is_not_scrolled_with_the_next_one(page, bot):
    await say(page, "hello")
    chat = page.get_by_role("region", name="Chat")
    await chat.evaluate(MOVE_UP_AFTER_THE_JUMP)
    sent = await bot.message()
    await sent.answer("\n".join(f"line {line}" for line in range(60)))
    await expect(chat).to_have_attribute("data-moved", "up")
    await sent.answer("something new")
    await expect(page.get_by_role("button", name="1 new")).to_be_visible()
    assert await chat.evaluate("chat => chat.scrollTop") == 0


@pytest.mark.parametrize("way", ["drop", "paste"])
async def test_picture_is_attached_when_dropped_or_pasted(page, photos, way):
    encoded = base64.b64encode(photos["cat"].read_bytes()).decode()
    await page.evaluate(
        """async ([way, encoded]) => {
            const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "mine.jpg", { type: "image/jpeg" }));
            const event = way === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            document.body.dispatchEvent(event);
        }""",
        [way, encoded],
    )
    await expect(page.get_by_role("button", name="Remove mine.jpg")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()


async def test_chosen_language_is_that_of_the_page_and_of_the_user(page, bot):
    await page.get_by_role("button", name="Русский").click()
    await expect(page.get_by_role("heading", name="Выберите фото")).to_be_visible()
    await page.get_by_role("textbox", name="Сообщение").fill("привет")
    await page.get_by_role("button", name="Отправить", exact=True).click()
    assert (await bot.message()).from_user.language_code == "ru"
    await page.reload()
    await expect(page.get_by_role("textbox", name="Сообщение")).to_be_visible()


async def test_words_that_are_too_long_are_refused_in_the_pages_language_and_kept(page, photos):
    text = "x" * 4097
    await say(page, text)
    await expect(page.get_by_role("alert")).to_contain_text("At most 4096 characters")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value(text)
    await page.get_by_role("button", name="Русский").click()
    await page.get_by_label("Прикрепить фото").set_input_files(photos["cat"])
    await page.get_by_role("textbox", name="Сообщение").fill("x" * 1025)
    await page.get_by_role("button", name="Отправить", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("не больше 1024 знаков")


async def test_refusal_of_the_server_is_shown_and_the_typed_text_is_kept(page):
    nothing = {"name": "nothing.txt", "mimeType": "text/plain", "buffer": b""}
    await page.get_by_label("Attach photo").set_input_files(nothing)
    await say(page, "make it snow")
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("make it snow")


async def test_text_written_while_a_photo_is_on_its_way_is_sent_after_it(page, bot, photos):
    written = asyncio.Event()

    async def held_up(route: Route) -> None:
        await written.wait()
        await route.continue_()

    await page.route("**/chat/messages*", held_up, times=1)
    await page.get_by_label("Attach photo").set_input_files(photos["cat"])
    await say(page, "")
    await send_photo(page, photos["coffee"], "make it snow")
    written.set()
    assert (await bot.message()).caption is None
    assert (await bot.message()).caption == "make it snow"
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("")


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
