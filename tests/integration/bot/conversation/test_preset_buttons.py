"""Ready-made edits in a chat: the photo first or the preset first, with one photo or several."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_bot.presets import catalogue as presets
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from qwenedit_bot.presets.catalogue import Preset
    from telegram_simulator.client import Chat, Message, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")
CATALOGUE = presets.parse_catalogue(presets.shipped())


def shipped(preset_id: str) -> Preset:
    preset = CATALOGUE.preset(preset_id)
    assert preset is not None
    return preset


async def menu_of(person: Person, message: int) -> Message:
    """Return the bot's question about a message of the person's."""
    seen = await person.wait_for(lambda chat: any(each.reply_to == message for each in chat.from_bot))
    return next(each for each in seen.from_bot if each.reply_to == message)


def carries_now(chat: Chat, menu: Message, data: str) -> bool:
    """Whether a menu has a button now."""
    return any(button.data == data for each in chat.from_bot if each.id == menu.id for button in each.now.buttons)


async def open_category(person: Person, menu: Message, category: str) -> None:
    """Show a category, from whatever a menu shows now."""
    data = f"category:{category}"
    if not carries_now(await person.snapshot(), menu, data):
        await person.press_data(menu.id, "presets")
        await person.wait_for(partial(carries_now, menu=menu, data=data), what=f"the button {data}")
    await person.press_data(menu.id, data)


async def pressed(person: Person, menu: Message, data: str) -> None:
    """Press a button and wait for its answer; a preset's is shown first, by the buttons that lead there."""
    verb, _, name = data.partition(":")
    leads = verb == "preset" and not carries_now(await person.snapshot(), menu, data)
    for category in CATALOGUE.categories if leads else ():
        if any(preset.id == name for preset in category.presets):
            await open_category(person, menu, category.id)
    await person.wait_for(partial(carries_now, menu=menu, data=data), what=f"the button {data}")
    before = len((await person.snapshot()).answers)
    await person.press_data(menu.id, data)
    await person.wait_for(lambda chat: len(chat.answers) > before, what=f"an answer to {data}")


async def test_photo_without_words_is_answered_with_one_button_that_opens_the_categories(stage, worker) -> None:
    boris = await stage.telegram.user(language="ru")
    (sent,) = await boris.send(photo=photo())
    menu = await menu_of(boris, sent)
    assert menu.now.labels == ("Стили",)
    await boris.press("Стили")
    await boris.wait_for(
        lambda chat: chat.from_bot[-1].now.labels == tuple(each.name["ru"] for each in CATALOGUE.categories)
    )


async def test_preset_that_is_pressed_twice_is_one_job_that_answers_the_photo(stage, worker, ann) -> None:
    (sent,) = await ann.send(photo=photo())
    menu = await menu_of(ann, sent)
    await ann.press("Styles")
    await ann.press("🍂 Seasons")
    await ann.wait_for(partial(carries_now, menu=menu, data="preset:snow"))
    await ann.press_data(menu.id, "preset:snow")
    await ann.press_data(menu.id, "preset:snow")
    await ann.wait_for(lambda chat: len(chat.answers) == 4)
    assert (await worker.finish_next(RESULT)).job.edit.prompt == shipped("snow").prompt
    assert (await ann.picture()).reply_to == sent
    assert await worker.queue.unfinished_ids() == []


async def test_text_after_the_menu_is_still_the_photos_instruction(stage, worker, ann) -> None:
    (sent,) = await ann.send(photo=photo())
    await open_category(ann, await menu_of(ann, sent), "seasons")
    await ann.send("paint it blue")
    assert (await worker.finish_next(RESULT)).job.edit.prompt == "paint it blue"
    await ann.picture()


async def test_try_on_under_the_first_photo_asks_for_the_second(stage, worker, ann) -> None:
    person, garment = photo(), photo()
    (sent,) = await ann.send(photo=person)
    await ann.press("Styles")
    await ann.press("👗 Try on & combine")
    await ann.press("👗 Try on clothes")
    await ann.says("Now send photo 2 of 2: the garment.")
    await ann.send("in red please")
    seen = await ann.wait_for(lambda chat: len([each for each in chat.from_bot if each.said("photo 2 of 2")]) == 2)
    assert seen.from_bot[-1].reply_to != sent
    (second,) = await ann.send(photo=garment)
    claim = await worker.finish_next(RESULT)
    assert claim.job.edit.prompt == shipped("try-on").with_words("in red please")
    pictures = [worker.photos[ref] for ref in claim.job.edit.pictures]
    assert len(pictures) == len(set(pictures)) == 2
    assert (await ann.picture()).reply_to == second


async def test_preset_may_be_chosen_before_its_three_photos(stage, worker, ann) -> None:
    await ann.send("/presets")
    await ann.says("Pick a style")
    await ann.press("👗 Try on & combine")
    await ann.press("👚👖 Top and trousers")
    await ann.says("photo 1 of 3: the person")
    for said in ("photo 2 of 3: the top", "photo 3 of 3: the trousers"):
        await ann.send(photo=photo())
        await ann.says(said)
    (last,) = await ann.send(document=photo("PNG"))
    claim = await worker.finish_next(RESULT)
    assert len(claim.job.edit.pictures) == 3
    assert (await ann.picture()).reply_to == last


def press_of(ann: Person, menu: Message, data: str) -> dict[str, Any]:
    """Make a press of a button that a bot before a change of its presets has put under a menu."""
    shown = {
        "message_id": menu.id,
        "date": 1,
        "chat": {"id": ann.id, "type": "private"},
        "text": menu.text,
        "from": {"id": menu.sender_id, "is_bot": True, "first_name": "Bot"},
        "reply_to_message": {"message_id": menu.reply_to, "date": 1, "chat": {"id": ann.id, "type": "private"}},
        "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": data}]]},
    }
    person = {"id": ann.id, "is_bot": False, "first_name": "Ann"}
    return {"callback_query": {"id": data, "from": person, "chat_instance": "1", "data": data, "message": shown}}


async def choose_first(ann: Person, preset_id: str) -> None:
    """Choose a preset that then waits for its photos."""
    (command,) = await ann.send("/presets")
    await pressed(ann, await menu_of(ann, command), f"preset:{preset_id}")


async def test_album_has_all_photos_of_the_preset_that_waits(stage, worker, ann) -> None:
    await choose_first(ann, "try-on")
    first, _second = await ann.send(album=[photo(), photo()], captions=["me", "the jacket"])
    claim = await worker.finish_next(RESULT)
    assert claim.job.edit.prompt == shipped("try-on").with_words("me\nthe jacket")
    assert len(claim.job.edit.pictures) == 2
    assert (await ann.picture()).reply_to == first


@pytest.mark.parametrize("preset_first", [True, False])
async def test_album_with_a_preset_of_one_photo_is_a_job_for_each(stage, worker, ann, preset_first) -> None:
    if preset_first:
        await choose_first(ann, "snow")
    sent = await ann.send(album=[photo(), photo()])
    if not preset_first:
        await pressed(ann, await menu_of(ann, sent[0]), "preset:snow")
    for number in (1, 2):
        claim = await worker.finish_next(RESULT)
        assert (claim.job.edit.prompt, len(claim.job.edit.pictures)) == (shipped("snow").prompt, 1)
        await ann.picture(number=number)
    assert {each.reply_to for each in (await ann.snapshot()).from_bot if each.now.photo} == set(sent)
    assert await worker.queue.unfinished_ids() == []


async def test_presets_in_reply_to_a_photo_are_for_that_photo(stage, worker, ann) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await worker.finish_next(RESULT)
    result = await ann.picture()
    await ann.send("/presets", reply_to=result.id)
    menu = await menu_of(ann, result.id)
    await pressed(ann, menu, "preset:oil")
    claim = await worker.finish_next(RESULT)
    assert worker.photos[claim.job.edit.pictures[0]] == RESULT  # as it was made, and no JPEG of it
    assert (await ann.picture(number=2)).reply_to == result.id


async def test_preset_or_category_that_is_gone_is_reported(stage, worker, ann) -> None:
    (sent,) = await ann.send(photo=photo())
    menu = await menu_of(ann, sent)
    gone = ("preset:gone", "category:gone", "category:seasons")
    for data in gone:
        await stage.telegram.add_update(press_of(ann, menu, data))
    answers = {
        call.parameters["callback_query_id"]: call.parameters.get("text", "")
        for call in await stage.telegram.wait_for_calls(
            lambda calls: {call.parameters["callback_query_id"] for call in calls} >= set(gone),
            method="answerCallbackQuery",
        )
    }
    told = "This style is gone. Pick another one, or type your own words."
    assert [answers[data] for data in gone] == [told, told, ""]
    await ann.wait_for(
        lambda chat: any(each.id == menu.id and each.now.labels[0] == "❄️ Snowfall" for each in chat.from_bot)
    )


async def test_second_photo_that_is_refused_or_damaged_is_asked_for_again(stage, worker, ann) -> None:
    await choose_first(ann, "try-on")
    await ann.send(photo=photo())
    await ann.says("photo 2 of 2")
    await ann.send(document=b"no picture", name="a.gif", mime="image/gif")
    await ann.says("I can't edit GIFs")
    await ann.send(document=photo()[:9000], name="a.jpg", mime="image/jpeg")
    await ann.says("Part of this file is missing")
    await ann.send(photo=photo())
    job = (await worker.finish_next(RESULT)).job
    assert (job.edit.prompt, len(job.edit.pictures)) == (shipped("try-on").prompt, 2)
    await ann.picture()
