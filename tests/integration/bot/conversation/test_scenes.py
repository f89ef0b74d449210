"""Scenes of people who don't read: what they type, send and press, and what they get."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from PIL import Image

from qwenedit_bot.common.keys import BotKeys
from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram_simulator.client import Person


RESULT = photo(kind="PNG")
SNOW = "make it snow"
HAT = "give us hats"
"""Words that may make one picture of several."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _no_error(shared_stage: Any) -> AsyncIterator[None]:
    yield
    assert await shared_stage.bot.stop() == 0
    assert '"level": "error"' not in "\n".join(shared_stage.bot.lines)


async def with_result(stage: Any, caption: str = SNOW, **user: Any) -> tuple[Person, Any]:
    """Return somebody to whom the bot has just sent a picture, and that picture."""
    ann = await stage.telegram.user(**user)
    await ann.send(photo=photo(), caption=caption)
    claim = await stage.worker.finish_next(RESULT)
    picture = await ann.picture()
    await stage.answered(claim.job.id)
    return ann, picture


async def later(stage: Any, person: Person) -> None:
    """Let a minute go by for a person's draft: words that come now are another wish."""
    await stage.eventually(stage.nothing_waits)
    me = (await stage.telegram.bot())["id"]
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        key = BotKeys(prefix="qwenedit", bot_id=me).draft(person.id, person.id)
        draft = json.loads(str(await redis.get(key)))
        aged = {name: draft[name] - 60 for name in ("at", "words_at") if name in draft}
        await redis.set(key, json.dumps({**draft, **aged}), keepttl=True)


async def settled(stage: Any) -> list[str]:
    """Return the instructions of all unfinished jobs, once everything is handled."""
    await stage.eventually(stage.nothing_waits)
    jobs = await stage.worker.queue.statuses(await stage.worker.queue.unfinished_ids())
    return sorted(job.job.edit.prompt for job in jobs)


# ---------------------------------------------------------------- the picture on the screen


@pytest.mark.parametrize("words", ["now make it brighter", "не так, темнее", "wow but with a red hat"])
async def test_words_after_a_result_are_about_it(stage: Any, words: str) -> None:
    ann, picture = await with_result(stage)
    (said,) = await ann.send(words)
    claim = await stage.worker.finish_next(RESULT)
    assert claim.job.edit.prompt.removeprefix(f"{SNOW}\n") == words
    assert stage.worker.photos[claim.job.edit.pictures[0]] == RESULT or claim.job.edit.pictures
    second = await ann.picture(number=2)
    assert (second.reply_to, second.id > picture.id) == (said, True)


@pytest.mark.parametrize("words", ["again", "ещё раз", "another one", "/again"])
async def test_again_is_the_same_job_with_another_seed(stage: Any, words: str) -> None:
    ann, _picture = await with_result(stage)
    await ann.send(words)
    claim = await stage.worker.finish_next(RESULT)
    assert claim.job.edit.prompt == SNOW
    await ann.picture(number=2)


@pytest.mark.parametrize("caption", ["and this one too", "и эту тоже", "me too", ""])
async def test_same_for_another_photo_is_the_last_job_on_it(stage: Any, caption: str) -> None:
    ann, _picture = await with_result(stage)
    (sent,) = await ann.send(photo=photo(), caption=caption)
    if not caption:
        await ann.says("Nice photo")
        (sent,) = await ann.send("same")
    assert (await stage.worker.finish_next(RESULT)).job.edit.prompt == SNOW
    assert (await ann.picture(number=2)).reply_to == sent


async def test_last_wish_is_done_to_the_result_that_words_reply_to(stage: Any) -> None:
    ann, first = await with_result(stage)
    await ann.send(photo=photo(), caption="give her a hat")
    await stage.worker.finish_next(photo("PNG"))
    await ann.picture(number=2)
    await ann.send("this one as well", reply_to=first.id)
    assert await next_of(stage) == ("give her a hat", RESULT)


@pytest.mark.parametrize("words", ["", "sorry wrong pic"])
async def test_right_photo_replaces_the_wrong_one(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    await ann.says("next in line")
    if words:
        await ann.send(words)
        await ann.says("Send the right photo")
    (right,) = await ann.send(photo=photo(size=(90, 60)), caption="" if words else "wrong photo sorry, this one")
    await ann.wait_for(lambda chat: [each.reply_to for each in chat.from_bot if "“" in each.text] == [right])
    prompt, done_to = await next_of(stage)
    assert (prompt, Image.open(io.BytesIO(done_to)).size) == (SNOW, (90, 60))
    assert await settled(stage) == []


async def test_result_stays_that_came_before_the_right_photo(stage: Any) -> None:
    ann, picture = await with_result(stage)
    await ann.send(photo=photo(), caption="wrong photo sorry, this one")
    assert (await next_of(stage))[0] == SNOW
    assert picture in (await ann.snapshot()).from_bot


async def test_words_may_say_that_the_photo_before_was_the_wrong_one(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    await stage.worker.claim()
    await ann.send(photo=photo(size=(90, 60)))
    await ann.says("What should I change?")
    await ann.send("oops not that one, this one")
    await ann.wait_for(lambda chat: len(chat.from_bot) == 2)
    prompt, done_to = await next_of(stage)
    assert (prompt, Image.open(io.BytesIO(done_to)).size) == (SNOW, (90, 60))


@pytest.mark.parametrize(("caption", "replies"), [("dress him like this", True), ("now add him to the picture", False)])
async def test_photo_that_is_for_a_result_is_used_with_it(stage: Any, caption: str, replies: bool) -> None:
    ann, picture = await with_result(stage)
    await ann.send(photo=photo(), caption=caption, reply_to=picture.id if replies else None)
    assert len((await stage.worker.finish_next(RESULT)).job.edit.pictures) == 2


@pytest.mark.parametrize("words", ["undo", "верни как было"])
async def test_undo_goes_back_a_picture_at_a_time(stage: Any, words: str) -> None:
    ann, first = await with_result(stage)
    await ann.send("and dark")
    claim = await stage.worker.finish_next(RESULT)
    await ann.picture(number=2)
    await stage.answered(claim.job.id)
    await ann.send(words)
    back = await ann.says("Back to this one")
    assert back.reply_to == first.id
    await ann.send(words)
    seen = await ann.wait_for(lambda chat: sum("Back to this one" in each.text for each in chat.from_bot) == 2)
    assert seen.from_bot[-1].reply_to == first.reply_to
    await ann.send(words)
    await ann.says("nothing to undo")
    await ann.send("make it rain")
    assert (await stage.worker.finish_next(RESULT)).job.edit.prompt == "make it rain"


@pytest.mark.parametrize("words", ["отмени", "cancel"])
async def test_cancel_after_a_result_offers_to_undo_it(stage: Any, words: str) -> None:
    ann, picture = await with_result(stage)
    await ann.send(words)
    offer = await ann.says("There's nothing to cancel.")
    await ann.press("Undo", message_id=offer.id)
    assert (await ann.says("Back to this one")).reply_to == picture.reply_to


@pytest.mark.parametrize("words", ["send as a file", "пришли файлом"])
async def test_result_is_sent_as_a_file_in_answer_to_words(stage: Any, words: str) -> None:
    ann, _picture = await with_result(stage)
    (said,) = await ann.send(words)
    seen = await ann.wait_for(
        lambda chat: any(each.now.media.kind == "document" for each in chat.pictures if each.now.media)
    )
    assert seen.pictures[-1].reply_to == said
    assert await settled(stage) == []


async def test_same_for_an_album_is_the_last_job_on_each(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await later(stage, ann)
    await ann.send(album=[photo(), photo()])
    await ann.says("2 photos")
    await ann.send("same")
    for number in range(2):
        claim = await stage.worker.finish_next(RESULT)
        assert (claim.job.edit.prompt, len(claim.job.edit.pictures)) == (SNOW, 1)
        await ann.picture(number=2 + number)


async def test_again_of_a_job_that_is_forgotten_says_so_as_its_buttons_do(stage: Any) -> None:
    ann, picture = await with_result(stage)
    await stage.eventually(stage.nothing_waits)
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        await redis.delete(*[key async for key in redis.scan_iter(f"{Keys().job_prefix}*")])
    await ann.send("again")
    await ann.says("I don't remember what I did last.")
    buttons = ("Again", "Undo", "Larger", "File")
    for button in buttons:
        await ann.press(button, message_id=picture.id)
    seen = await ann.wait_for(lambda chat: len(chat.answers) == len(buttons))
    assert {(each.text[:23], each.alert) for each in seen.answers} == {("I've forgotten this one", True)}
    assert await settled(stage) == []


@pytest.mark.parametrize("words", ["❤️", "👍", "wow, that is so cool", "haha lol", "спасибо большое!"])
async def test_praise_is_no_job(stage: Any, words: str) -> None:
    ann, picture = await with_result(stage)
    await ann.send(words, reply_to=picture.id)
    await ann.says("Glad to help")
    assert await settled(stage) == []


@pytest.mark.parametrize("words", ["how long?", "hello??", "ну что там?", "???"])
async def test_waiting_people_are_told_how_far_it_is(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    await ann.says("next in line")
    (asked,) = await ann.send(words)
    seen = await ann.wait_for(lambda chat: len(chat.from_bot) == 2)
    assert (seen.from_bot[-1].reply_to, "next in line" in seen.from_bot[-1].text) == (asked, True)
    assert await settled(stage) == [SNOW]


@pytest.mark.parametrize("words", ["cancel it please", "стоп, не то фото!"])
async def test_stop_cancels_and_keeps_the_photo(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    await ann.says("next in line")
    await ann.send(words)
    await ann.says("I've cancelled your picture")
    await ann.wait_for(lambda chat: len(chat.from_bot) == 1)
    assert await settled(stage) == []
    await ann.send("make it rain")
    assert (await stage.worker.finish_next(RESULT)).job.edit.prompt == "make it rain"


# ---------------------------------------------------------------- words that may be none for the bot


@pytest.mark.parametrize("words", ["а почему у невесты шесть пальцев", "ew no", "my aunt is going to faint"])  # noqa: RUF001 - Russian
async def test_remark_about_a_result_is_no_job_and_offers_what_to_do(stage: Any, words: str) -> None:
    ann, picture = await with_result(stage)
    (said,) = await ann.send(words)
    offer = await ann.says("What should I change? Or")
    assert (offer.reply_to, offer.now.labels) == (said, ("Again", "Undo"))
    assert await settled(stage) == []
    await ann.press("Undo", message_id=offer.id)
    assert (await ann.says("Back to this one")).reply_to == picture.reply_to


async def test_face_that_has_changed_is_kept(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await ann.send("that doesnt look like me")
    prompt, done_to = await next_of(stage)
    kept = "that doesnt look like me\nkeep the person's face exactly as in the photo"
    assert (prompt, done_to == RESULT) == (f"{SNOW}\n{kept}", False)


async def test_words_of_an_unknown_language_are_done(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await ann.send("togli la bandiera")
    assert await next_of(stage) == ("togli la bandiera", RESULT)


@pytest.mark.parametrize("words", ["i hope it looks good", "надеюсь бабушке понравится"])
async def test_remark_leaves_a_waiting_job_as_it_is(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    await ann.says("next in line")
    await ann.send(words)
    await ann.wait_for(lambda chat: len(chat.from_bot) == 2)
    assert await settled(stage) == [SNOW]
    await stage.worker.finish_next(RESULT)


async def next_of(stage: Any, result: bytes = RESULT) -> tuple[str, bytes]:
    """Do the next job; returns its instruction and its first photo."""
    claim = await stage.worker.claim()
    done_to = stage.worker.photos[claim.job.edit.pictures[0]]
    await stage.worker.finish(claim, result)
    await stage.answered(claim.job.id)
    return claim.job.edit.prompt, done_to


@pytest.mark.parametrize(
    ("words", "number"), [("вторую сделай посветлее", 1), ("make the first one lighter", 0), ("darken the last one", 1)]
)
async def test_place_names_one_of_several_results(stage: Any, words: str, number: int) -> None:
    ann, results = await stage.telegram.user(), [photo("PNG"), photo("PNG")]
    await ann.send(album=[photo(), photo()], caption=f"{SNOW}, each")
    for result in results:
        await next_of(stage, result)
    await ann.picture(number=2)
    await ann.send(words)
    assert await next_of(stage) == (words, results[number])


async def test_place_without_a_verb_has_that_one_done_again_with_both_words(stage: Any) -> None:
    ann, sizes = await stage.telegram.user(), ((300, 200), (200, 300))
    await ann.send(album=[photo(size=size) for size in sizes], caption=f"{SNOW}, each")
    for _ in sizes:
        await next_of(stage, photo("PNG"))
    await ann.picture(number=2)
    words = "вторая не такая"
    await ann.send(words)
    prompt, done_to = await next_of(stage)
    assert prompt == f"{SNOW}, each\n{words}"
    assert Image.open(io.BytesIO(done_to)).size == sizes[1]


async def test_place_names_one_of_an_album_that_waits(stage: Any) -> None:
    ann, sizes = await stage.telegram.user(), ((300, 200), (200, 300))
    await ann.send(album=[photo(size=size) for size in sizes])
    await ann.says("2 photos")
    for words, size in (("make the second one black and white", sizes[1]), ("and the first one sepia", sizes[0])):
        await ann.send(words)
        prompt, done_to = await next_of(stage)
        assert (prompt, Image.open(io.BytesIO(done_to)).size) == (words, size)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("again", "undo"),
        ("again", "the first one was better"),
        ("again", "верни предыдущий"),
        ("not so strong", "undo"),
        ("make it look like a beach", "the snow one was better"),
    ],
)
async def test_undo_of_another_try_goes_back_to_the_variant_before(stage: Any, more: str, words: str) -> None:
    ann, picture = await with_result(stage)
    await ann.send(more)
    claim = await stage.worker.finish_next(RESULT)
    await ann.picture(number=2)
    await stage.answered(claim.job.id)
    await ann.send(words)
    assert (await ann.says("Back to this one")).reply_to == picture.id


@pytest.mark.parametrize(
    "words", ["undo and make it blue", "the one before was better, make it blue", "Bah! Forget the green, make it blue"]
)
async def test_wish_behind_undo_is_done_to_the_picture_before(stage: Any, words: str) -> None:
    ann, _picture = await with_result(stage)
    await later(stage, ann)
    await ann.send("make the sky green")
    claim = await stage.worker.finish_next(photo("PNG", size=(90, 60)))
    await ann.picture(number=2)
    await stage.answered(claim.job.id)
    await ann.send(words)
    prompt, done_to = await next_of(stage)
    assert (prompt, done_to) == ("make it blue", RESULT)


async def test_instead_is_made_of_what_the_result_was_made_of(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await ann.send("hmm no dont like it, do a pencil sketch instead")
    assert (await next_of(stage))[1] != RESULT


async def test_words_after_a_corrected_caption_are_about_the_newest_result(stage: Any) -> None:
    ann, newest = await stage.telegram.user(), photo("PNG")
    (sent,) = await ann.send(photo=photo(), caption="a read rose")
    await next_of(stage)
    await ann.edit(sent, "a red rose")
    await next_of(stage, newest)
    await ann.picture(number=2)
    await ann.send("make it bigger")
    assert await next_of(stage) == ("make it bigger", newest)
    assert await settled(stage) == []


async def test_words_said_twice_count_twice(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    for number, words in enumerate(("more of it", "MORE OF IT"), 2):
        await later(stage, ann)
        await ann.send(words)
        claim = await stage.worker.finish_next(RESULT)
        await ann.picture(number=number)
        await stage.answered(claim.job.id)
    assert claim.job.edit.prompt == f"{SNOW}\nmore of it\nMORE OF IT"


async def test_caption_that_names_the_photo_that_waits_is_about_both(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.says("What should I change?")
    await ann.send(photo=photo(size=(90, 60)), caption="make this look like the first photo")
    assert len((await stage.worker.finish_next(RESULT)).job.edit.pictures) == 2


async def test_original_is_the_photo_that_was_sent(stage: Any) -> None:
    ann, picture = await with_result(stage)
    for number, words in ((2, "at night"), (3, "with a dog")):
        await later(stage, ann)
        await ann.send(words)
        claim = await stage.worker.finish_next(RESULT)
        await ann.picture(number=number)
        await stage.answered(claim.job.id)
    await ann.send("go back to the original and make it pink")
    assert (await next_of(stage))[1] not in (RESULT, photo("PNG"))
    await ann.picture(number=4)
    await ann.send("show me the original")
    assert (await ann.says("Back to this one")).reply_to == picture.reply_to


async def test_wish_for_another_one_than_the_only_one_is_again(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await ann.send("other one")
    assert (await stage.worker.finish_next(RESULT)).job.edit.prompt == SNOW
    await ann.picture(number=2)


@pytest.mark.parametrize("words", ["lol", "can't you hear me?", "how long?", "👍"])
async def test_remark_while_a_photo_waits_is_answered_with_the_question(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.says("Nice photo")
    await ann.send(words)
    await ann.says("What shall I do?")
    assert await settled(stage) == []


@pytest.mark.parametrize("words", ["do u keep my photos?", "delete everything about me"])
async def test_question_about_privacy_is_answered(stage: Any, words: str) -> None:
    ann, _picture = await with_result(stage)
    await ann.send(words)
    assert "/forget deletes" in (await ann.says("/privacy says what I keep")).text


# ---------------------------------------------------------------- words in pieces, words too early


async def test_two_questions_in_a_message_are_both_answered(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send("Hi, is this free? and do you keep my photos")
    chat = await ann.wait_for(lambda chat: len(chat.messages) == 3)
    assert ["It's free" in each.text for each in chat.messages[1:]] == [True, False]
    assert "/forget" in chat.messages[2].text


async def test_wish_in_three_messages_is_one(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.says("Nice photo")
    for words in ("make it", "snowy", "and night pls"):
        await ann.send(words)
    assert await settled(stage) == ["make it\nsnowy\nand night pls"]
    claim = await stage.worker.claim()
    await ann.send("and stars")  # which the job can't take any more: it begins anew
    await ann.says("and stars”")
    await stage.worker.finish(claim, RESULT)
    claim = await stage.worker.finish_next(RESULT)
    assert claim.job.edit.prompt == "make it\nsnowy\nand night pls\nand stars"
    await ann.picture()


@pytest.mark.parametrize("words", ["you cut my head off", "шарик остался", "and the hose", "love it! but where is bbq"])
async def test_defect_of_a_result_is_put_right_in_its_photo(stage: Any, words: str) -> None:
    ann, _picture = await with_result(stage)
    await ann.send(words)
    claim = await stage.worker.finish_next(RESULT)
    assert claim.job.edit.prompt == f"{SNOW}\n{words.removeprefix('love it! ')}"
    assert stage.worker.photos[claim.job.edit.pictures[0]] != RESULT


@pytest.mark.parametrize(
    "words", ["can you help me with a picture?", "e se eu mandar um print?", "видео тоже?", "hmm?"]
)
async def test_remark_without_an_instruction_does_not_wait_for_a_photo(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(words)
    await ann.wait_for(lambda chat: chat.from_bot)
    await ann.send(photo=photo())
    await ann.says("Nice photo")
    assert await settled(stage) == []


async def test_words_before_the_photo_are_for_the_next_one(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send("make it")
    await ann.says("Which photo?")
    await ann.send("snowy")
    (sent,) = await ann.send(photo=photo())
    await ann.says("“make it, snowy”")
    await ann.press("Cancel")
    await ann.says("✖️ Cancelled.")
    await ann.send("make it rain")
    claim = await stage.worker.finish_next(RESULT)
    assert claim.job.edit.prompt == "make it rain"
    assert (await ann.picture()).reply_to != sent


async def test_file_that_is_no_photo_changes_nothing(stage: Any) -> None:
    ann = await stage.telegram.user(language="ru")
    await ann.send(document=b"%PDF-1.4", name="a.pdf", mime="application/pdf")
    await ann.says("Такой файл я открыть не могу")
    await ann.send("почему?")
    await ann.wait_for(lambda chat: len(chat.from_bot) == 2)
    await ann.send(photo=photo())
    await ann.wait_for(lambda chat: len(chat.from_bot) == 3)
    assert await settled(stage) == []


async def test_voice_message_while_a_photo_waits(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.says("Nice photo")
    await ann.send(document=b"x", kind="voice")
    await ann.says("I can't listen yet. Please type what to change.")
    await ann.send(SNOW)
    assert (await stage.worker.finish_next(RESULT)).job.edit.prompt == SNOW


async def test_words_for_a_photo_that_cannot_be_read_are_for_the_next_one(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(document=photo()[:9000], name="a.jpg", mime="image/jpeg")
    await ann.says("Nice photo")
    await ann.send(SNOW)
    await ann.says("Part of this file is missing")
    await ann.send(photo=photo())
    assert (await stage.worker.finish_next(RESULT)).job.edit.prompt == SNOW
    await ann.picture()


@pytest.mark.parametrize("corrects", [True, False])
async def test_words_for_a_request_that_waits_for_other_jobs(stage: Any, corrects: bool) -> None:
    ann = await stage.telegram.user()
    for number in range(4):
        (sent,) = await ann.send(photo=photo(), caption=f"make it snow {number}")
    await ann.says("as soon as one of your other pictures is ready")
    await later(stage, ann)
    if corrects:
        await ann.edit(sent, "make it rain")
    else:
        await ann.send("make it rain")
    await ann.says(f"now it's “{'' if corrects else 'make it snow 3, '}make it rain”")
    done = [(await stage.worker.finish_next(RESULT)).job.edit.prompt for _ in range(4)]
    last = "make it rain" if corrects else "make it snow 3\nmake it rain"
    assert done == ["make it snow 0", "make it snow 1", "make it snow 2", last]


# ---------------------------------------------------------------- a job that has begun


@pytest.mark.parametrize(("words", "pictures"), [("make it rain", 2), ("no, less snow", 1), ("heavy snow", 1)])
async def test_words_about_a_picture_that_is_being_made(stage: Any, words: str, pictures: int) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    claim = await stage.worker.claim()
    await later(stage, ann)
    await ann.send(words)
    await ann.says("to the result as soon as" if pictures == 2 else f"“{SNOW}, {words}”")
    await stage.worker.finish(claim, RESULT)
    second = await stage.worker.finish_next(RESULT)
    assert second.job.edit.prompt == (words if pictures == 2 else f"{SNOW}\n{words}")
    await ann.picture(number=pictures)


# ---------------------------------------------------------------- albums


async def test_twenty_captioned_photos_wait_and_one_stop_ends_them_all(stage: Any) -> None:
    ann = await stage.telegram.user()
    for number in range(20):
        await ann.send(photo=photo(), caption=f"make it snow {number}")
    await ann.wait_for(lambda chat: sum("one of your other pictures" in each.text for each in chat.from_bot) == 17)
    await ann.send("how long?")
    await ann.says("17 more")
    await ann.send("stop")
    await ann.says("I've cancelled your 20 pictures")
    assert await settled(stage) == []


@pytest.mark.parametrize(("words", "counts"), [("separately", [1, 1]), ("в одну картинку", [2])])
async def test_question_about_an_album_may_be_answered_in_words(stage: Any, words: str, counts: list[int]) -> None:
    ann = await stage.telegram.user()
    await ann.send(album=[photo(), photo()], caption=HAT)
    await ann.says("each of the 2 photos on its own")
    await later(stage, ann)
    await ann.send(words)
    jobs = [(await stage.worker.finish_next(RESULT)).job.edit for _ in counts]
    assert [(job.prompt, len(job.pictures)) for job in jobs] == [(HAT, count) for count in counts]
    await ann.wait_for(lambda chat: all("Each on its own" not in each.now.labels for each in chat.from_bot))


async def test_album_and_then_the_wish_is_asked_about_once(stage: Any) -> None:
    ann = await stage.telegram.user()
    sent = await ann.send(album=[photo() for _ in range(3)])
    await ann.says("3 photos!")
    (said,) = await ann.send(HAT)
    question = await ann.says(f"“{HAT}”")
    assert question.reply_to == said
    await ann.press("Each on its own", message_id=question.id)
    for _ in sent:
        await stage.worker.finish_next(RESULT)
    await ann.picture(number=3)
    assert [each.reply_to for each in (await ann.snapshot()).pictures] == list(sent)


async def test_wish_for_two_photos_sent_apart_is_asked_about(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.send(photo=photo())
    await ann.says("2 photos")
    await ann.send("make it in the same style")
    await ann.says("each of the 2 photos on its own")


async def test_word_that_says_how_is_a_wish_of_its_own(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(album=[photo(), photo()])
    await ann.says("2 photos")
    await ann.send("combine")
    assert len((await stage.worker.finish_next(RESULT)).job.edit.pictures) == 2


async def test_caption_that_puts_a_photo_into_this_one_is_about_both(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.send(photo=photo(), caption="put this cat on the table")
    assert len((await stage.worker.finish_next(RESULT)).job.edit.pictures) == 2


@pytest.mark.parametrize(
    ("praise", "words", "alone"),
    [
        ("wow, thank you!", "orange pls", False),
        ("", "a bit more", False),
        ("", "more purple", True),
        ("", "thats way too dark", True),
    ],
)
async def test_result_that_is_praised_or_wants_more_is_kept(stage: Any, praise: str, words: str, alone: bool) -> None:
    ann, _picture = await with_result(stage)
    if praise:
        await ann.send(praise)
        await ann.says("Glad to help")
    await later(stage, ann)
    await ann.send(words)
    assert await next_of(stage) == (words if alone else f"{SNOW}\n{words}", RESULT)


@pytest.mark.parametrize("words", ["and this one blue too", "try sunglasses instead"])
async def test_whole_wish_in_reply_to_an_older_photo_leaves_its_last_one(stage: Any, words: str) -> None:
    ann = await stage.telegram.user()
    (sent,) = await ann.send(photo=photo(), caption=SNOW)
    await next_of(stage)
    await later(stage, ann)
    await ann.send(words, reply_to=sent)
    assert (await next_of(stage))[0] == words


async def test_result_that_is_called_better_by_what_it_shows_is_gone_back_to(stage: Any) -> None:
    ann, first = await with_result(stage)
    for number, words in enumerate(("at night", "add a hat"), 2):
        await later(stage, ann)
        await ann.send(words)
        await next_of(stage)
        await ann.picture(number=number)
    await ann.send("the snow one was better")
    assert (await ann.says("Back to this one")).reply_to == first.id


async def test_wish_after_undo_may_lean_on_the_one_undone(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await ann.send("undo")
    await ann.says("Back to this one")
    await later(stage, ann)
    await ann.send("rain instead")
    assert (await next_of(stage))[0] == f"{SNOW}\nrain instead"


async def test_both_is_about_photos_that_were_sent_one_by_one(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await ann.send(photo=photo(), caption="at night")
    await next_of(stage)
    await later(stage, ann)
    await ann.send("make both of them darker")
    assert [(await next_of(stage))[0] for _ in range(2)] == ["make both of them darker"] * 2


async def test_wrong_photo_after_two_versions_keeps_the_words_for_the_right_one(stage: Any) -> None:
    ann, _picture = await with_result(stage, "make the cup red")
    await ann.send("no, blue")
    await next_of(stage)
    await ann.picture(number=2)
    await ann.send("wrong photo sorry")
    await ann.says("Send the right photo")
    await ann.send(photo=photo(), caption="this one")
    assert (await next_of(stage))[0] == "make the cup blue"


async def test_result_that_a_reply_calls_better_is_kept(stage: Any) -> None:
    ann, first = await with_result(stage)
    await later(stage, ann)
    await ann.send("at night")
    await next_of(stage, photo("PNG"))
    await ann.picture(number=2)
    await ann.send("actually this one was better. just make the background pink", reply_to=first.id)
    assert await next_of(stage) == ("just make the background pink", RESULT)
    await later(stage, ann)
    await ann.send("this one was nicer", reply_to=first.id)
    assert (await ann.says("Back to this one")).reply_to == first.id


async def test_same_for_another_photo_is_all_that_was_done_to_this_one(stage: Any) -> None:
    ann, _picture = await with_result(stage)
    await later(stage, ann)
    await ann.send("at night")
    await stage.worker.finish_next(RESULT)
    await ann.picture(number=2)
    await ann.send(photo=photo(), caption="do same for this one also")
    assert (await next_of(stage))[0] == f"{SNOW}\nat night"


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("remove the flag", "no put the flag back"),
        ("add a scarf", "nah take the scarf off"),
        ("remove the people", "undo"),
        ("more snow", "too much lol"),
        ("remove the flag", "hmm looks weird. put the flag back"),
    ],
)
async def test_opposite_of_the_last_wish_undoes_it(stage: Any, caption: str, words: str) -> None:
    ann, picture = await with_result(stage, caption)
    await later(stage, ann)
    await ann.send(words)
    assert (await ann.says("Back to this one")).reply_to == picture.reply_to
    await ann.send("ok thank you so much sir")
    await ann.says("Glad to help")


async def test_words_about_two_photos_wait_for_both(stage: Any) -> None:
    ann = await stage.telegram.user(language="ru")
    await ann.send("объедини эти два фото")
    await ann.says("Какое фото?")
    await ann.send(photo=photo())
    await ann.says("Теперь пришлите второе фото")
    await ann.send(photo=photo())
    claim = await stage.worker.finish_next(RESULT)
    assert (claim.job.edit.prompt, len(claim.job.edit.pictures)) == ("объедини эти два фото", 2)
    await ann.picture()


async def test_greeting_that_is_edited_into_a_wish_is_about_no_picture_below_it(stage: Any) -> None:
    ann = await stage.telegram.user()
    (hello,) = await ann.send("hi")
    await ann.send(photo=photo(), caption=SNOW)
    await stage.worker.finish_next(RESULT)
    await ann.picture()
    await ann.edit(hello, "make it rain")
    await ann.says("Which photo?")
    assert await settled(stage) == []


# ---------------------------------------------------------------- presets


async def test_second_photo_of_a_preset_that_cannot_be_read_is_asked_for_again(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo())
    await ann.says("Nice photo")
    await ann.send("/presets")
    await ann.press("Try on & combine")
    await ann.press("Try on clothes")
    await ann.says("photo 2 of 2")
    await ann.send(document=photo()[:9000], name="a.jpg", mime="image/jpeg")
    await ann.says("Part of this file is missing")
    await ann.send(photo=photo())
    claim = await stage.worker.finish_next(RESULT)
    assert len(claim.job.edit.pictures) == 2
