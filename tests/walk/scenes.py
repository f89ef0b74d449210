"""The features, one scene each, in the order in which a newcomer meets them."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.texts import Text
from qwenedit_jobs import Reason
from telegram_simulator.client import Item
from tests.walk.visitor import SAMPLES

if TYPE_CHECKING:
    from tests.walk.harness import Harness
    from tests.walk.visitor import Visitor


@dataclass(frozen=True)
class Scene:
    """A feature to be shown.

    Attributes:
        where: Title of the group in which it happens; None is the private chat.
        admin: The user is an admin.
    """

    play: Callable[[Visitor, Harness], Awaitable[None]]
    title: str
    where: str | None = None
    admin: bool = False

    @property
    def about(self) -> str:
        """What the page says of it."""
        return " ".join((self.play.__doc__ or "").split())


SCENES: list[Scene] = []

Play = Callable[["Visitor", "Harness"], Awaitable[None]]


def scene(title: str, *, where: str | None = None, admin: bool = False) -> Callable[[Play], Play]:
    """Add the function below as the next scene; what is written of it stands on the page."""

    def add(play: Play) -> Play:
        SCENES.append(Scene(play, title, where, admin))
        return play

    return add


@scene("The first look")
async def first_look(user: Visitor, harness: Harness) -> None:
    """`/start` says how it works, and `/help` what works well."""
    await user.say("/start")
    await user.sees(Text.START)
    await user.take("start", "/start")
    await user.say("/help")
    await user.sees(Text.HELP, length=MAX_INSTRUCTION, larger=6)


@scene("A photo with a caption")
async def photo(user: Visitor, harness: Harness) -> None:
    """One message per job counts the steps, and becomes the picture. Its button cancels."""
    async with harness.held(at_step=2):
        await user.send("cat", caption=user.either("make it snow", "пусть идёт снег"))
        await user.sees(Text.EDITING, step=2, steps=4, bar="")
        await user.take("editing", "At work, step by step")
    await user.gets_picture()
    await user.take("done", "The same message, a moment later")
    async with harness.held(at_step=1):
        await user.send("rocket", caption=user.either("make it a winter night", "пусть будет зимняя ночь"))
        await user.sees(Text.EDITING, step=1, steps=4, bar="")
        await user.take("two-jobs", "The next one")
    await user.gets_picture(number=2)


@scene("The place in line")
async def line(user: Visitor, harness: Harness) -> None:
    """If no worker is up, the bot says how long the start of one usually takes. The message shows the place in line."""
    async with harness.no_worker():
        await harness.somebody_waits()
        await user.send("rocket", caption=user.either("let the sun rise", "пусть взойдёт солнце"))
        await user.sees(Text.QUEUED, position=2)
        await user.reads(user.either("Waking up the server", "Бужу сервер"))
        await user.take("waking", "Second in line, while a GPU starts")
        await user.press(Text.CANCEL_BUTTON)
        await user.sees(Text.CANCELLED)


@scene("A photo first, then the instruction")
async def photo_then_text(user: Visitor, harness: Harness) -> None:
    """The bot asks what to change, and offers ready-made edits. The next text is the instruction."""
    await user.send("coffee")
    await user.sees(Text.ASK_INSTRUCTION)
    await user.take("question", "What should I change?")
    await user.say(user.either("make it a pencil sketch", "нарисуй карандашом"))
    await user.gets_picture()


@scene("An album")
async def album(user: Visitor, harness: Harness) -> None:
    """The bot makes one picture of them, or edits each on its own."""
    await user.send(
        "cat", "rocket", caption=user.either("put them together on a rainy night", "соедини их дождливой ночью")
    )
    await user.gets_picture()
    await user.send("cat", "rocket", "coffee", "astronaut")
    await user.sees(Text.ASK_INSTRUCTION_ALBUM, count=4)
    await user.take("album-question", "Four photos: the bot asks how they're meant")


@scene("A photo as a file, and the result as a file")
async def files(user: Visitor, harness: Harness) -> None:
    """Telegram compresses photos, but not files. The bot can send a result as a file, too."""
    await user.send(
        "astronaut", caption=user.either("put a sunset behind her", "пусть за ней будет закат"), as_file=True
    )
    await user.gets_picture()
    await user.press(Text.AS_FILE_BUTTON)
    await user.reads(".png")
    await user.take("file", "A file in, a picture out, and the picture as a PNG")


@scene("The whole picture, and a larger one")
async def whole_and_larger(user: Visitor, harness: Harness) -> None:
    """A result has the photo's ratio and about a megapixel. *Larger* enlarges it to about a camera's size."""
    sunset = user.either("make it a sunset", "сделай закат")
    await user.person.send(photo=_panorama("rocket", "cat", "coffee", "astronaut", "cameraman"), caption=sunset)
    await user.gets_picture()
    await user.person.send(photo=_enlarged("coffee", (3000, 2000)), as_file=True, caption=sunset)
    await user.gets_picture(number=2)
    await user.press(Text.LARGER_BUTTON, megapixels=6)
    await user.shows_note(user.words(Text.PRESS_LARGER))
    await user.person.wait_for(lambda chat: chat.from_bot[-1].now.document)
    await user.take("larger", "A file of 6 megapixels, edited and enlarged")


@scene("Ready-made edits")
async def presets(user: Visitor, harness: Harness) -> None:
    """`/presets` has 219 of them in 14 categories. Some need two photos."""
    await user.say("/presets")
    await user.sees(Text.PRESETS)
    await user.take("presets", "The categories")
    await user.press_label(user.either("Seasons", "Сезон"))
    await user.reads(user.either("Seasons", "Сезон"))
    await user.press_label(user.either("Snowfall", "Снегопад"))
    await user.reads(user.either("Now send me the photo", "Теперь пришлите фото"))
    await user.send("rocket")
    await user.gets_picture()
    await user.take("preset", "One of them")


@scene("Trying on clothes")
async def try_on(user: Visitor, harness: Harness) -> None:
    """The bot says what each photo should show."""
    await user.say("/presets")
    await user.press_label(user.either("Try on & combine", "Примерка"))
    await user.press_label(user.either("Try on clothes", "Примерить одежду"))
    await user.reads(user.either("Now send photo 1 of 2", "Теперь пришлите фото 1 из 2"))
    await user.send("astronaut")
    await user.reads(user.either("Now send photo 2 of 2", "Теперь пришлите фото 2 из 2"))
    await user.take("try-on", "First the person, then the clothes")
    await user.send("cameraman")
    await user.gets_picture()


@scene("The buttons under a result")
async def result_buttons(user: Visitor, harness: Harness) -> None:
    """*Again* repeats the job with another seed, and *Styles* offers presets for this picture. Buttons work only for
    the person who asked."""
    await user.send("cat", caption=user.either("draw it as a comic", "нарисуй как комикс"))
    await user.gets_picture()
    await user.press(Text.AGAIN_BUTTON)
    await user.gets_picture(number=2)
    await user.take("again", "The same again, with another seed")
    await user.press(Text.STYLES_BUTTON)
    await user.sees(Text.PRESETS)
    await harness.forget_jobs()
    await user.press(Text.AGAIN_BUTTON)
    await user.shows_alert(Text.PRESS_FORGOTTEN)


@scene("Cancelling")
async def cancelling(user: Visitor, harness: Harness) -> None:
    """The button cancels one job, `/cancel` all of them. `/status` says where they are."""
    async with harness.held(at_step=1):
        for name in ("cat", "coffee"):
            await user.send(name, caption=user.either("make it snow", "пусть идёт снег"))
        await user.sees(Text.EDITING, step=1, steps=4, bar="")
        await user.say("/status")
        await user.reads(user.either("Editing: step 1 of 4", "Редактирую: шаг 1 из 4"))
        await user.take("status", "/status")
        await user.say("/cancel")
        await user.sees(Text.JOBS_CANCELLED, count=2)


@scene("Other messages")
async def no_photos(user: Visitor, harness: Harness) -> None:
    """The bot says what to send instead."""
    await user.person.send(kind="sticker", document=_webp())
    await user.sees(Text.UNSUPPORTED, kind="sticker")
    await user.person.send(kind="voice", document=b"OggS")
    await user.sees(Text.UNSUPPORTED, kind="voice")
    await user.person.send(document=b"words", name="notes.txt")
    await user.sees(Text.UNSUPPORTED, kind="document")
    await user.take("no-photo", "A sticker, a voice message, a document")
    await user.say(user.either("make it snow", "пусть идёт снег"))
    await user.reads(user.either("Which photo?", "Какое фото?"))
    await user.say("/dance")
    await user.sees(Text.UNKNOWN_COMMAND)
    await user.person.send(album=[harness.samples / "cat.jpg", Item(b"v", "video")])
    await user.sees(Text.ALBUM_MIXED, kind="video")
    await user.gets_picture()


@scene("Refused photos")
async def refusals(user: Visitor, harness: Harness) -> None:
    """Each refusal says what to do."""
    caption = user.either("make it snow", "пусть идёт снег")
    await user.person.send(document=b"\xff\xd8\xff" + bytes(21 << 20), name="huge.jpg", caption=caption)
    await user.sees(Text.FILE_TOO_BIG, megabytes=21, limit=20)
    await user.person.send(
        document=b"\x00\x00\x00\x18ftypheic", name="IMG_0001.heic", mime="image/heic", caption=caption
    )
    await user.sees(Text.PICTURE_REFUSED, why="damaged", width="0", height="0", limit="0")
    await user.take("refused", "Too large, and incomplete")
    await user.send("cat")
    await user.say(user.either("make it snow, and ", "пусть идёт снег, и ") * 60)
    await user.reads(user.either("That's ", "Здесь "))
    await user.say("/cancel")  # or the photos that follow would join the cat's
    await user.sees(Text.DIALOGUE_CANCELLED)
    await user.person.send(document=_png((320, 240))[:2000], name="half.png", caption=caption)
    await user.sees(Text.PICTURE_REFUSED, why="damaged", width="0", height="0", limit="0")
    await user.person.send(document=_png((40, 30)), name="icon.png", caption=caption)
    await user.reads(user.either("40 × 30 pixels is too small", "40 × 30 пикселей — слишком мало"))


@scene("A job that fails")
async def failure(user: Visitor, harness: Harness) -> None:
    """The user gets the reason, with a button if another try may help. A failed job doesn't count."""
    await harness.comfyui_fails("oom", times=None)
    await user.send("rocket", caption=user.either("make it rain", "пусть идёт дождь"))
    await user.sees(Text.FAILED, reason=Reason.SERVER_OUT_OF_MEMORY)
    await harness.comfyui_works()
    async with harness.no_worker():
        await user.send("coffee", caption=user.either("make it rain", "пусть идёт дождь"))
        await harness.fail_next(Reason.COMFYUI_UNAVAILABLE)
        await user.sees(Text.FAILED, reason=Reason.COMFYUI_UNAVAILABLE)
        await user.take("failed", "A permanent failure, and a temporary one")
    await user.press(Text.TRY_AGAIN_BUTTON)
    await user.gets_picture()


@scene("Twenty photos at once")
async def burst(user: Visitor, harness: Harness) -> None:
    """Three begin, and the others follow, up to the day's limit."""
    async with harness.held(at_step=1):
        for _ in range(20):
            await user.person.send(photo=_small("rocket"), caption=user.either("make it snow", "пусть идёт снег"))
        answer = await user.sees(Text.WAITS_IN_BACKLOG)
        await user.take("twenty", "Some of the twenty wait", at=answer)
        await user.say("/cancel")
        await user.sees(Text.JOBS_CANCELLED, count=5)


@scene("Limits")
async def limits(user: Visitor, harness: Harness) -> None:
    """With a daily limit, each picture says how many are left, and so does `/limits`."""
    await user.say("/limits")
    await user.reads(user.either("5 pictures left today", "На сегодня осталось 5 картинок"))
    for number in range(1, 6):
        await user.person.send(photo=_small("rocket"), caption=user.either("make it snow", "пусть идёт снег"))
        await user.gets_picture(number=number)
    await user.send("cat", caption=user.either("make it snow", "пусть идёт снег"))
    await user.reads(user.either("You have used your 5 pictures", "у вас уже было 5 картинок"))
    await user.take("limits", "The last picture of the day")


@scene("Telegram Stars")
async def stars(user: Visitor, harness: Harness) -> None:
    """If the operator sells packs, `/buy` offers them. Bought pictures don't expire, and failed ones don't count."""
    await user.say("/buy")
    await user.sees(Text.BUY)
    await user.press(Text.BUY_BUTTON, jobs=10, stars=50)
    await user.reads(user.words(Text.INVOICE_TITLE, jobs=10))
    await user.press_label("⭐️50")
    await user.sees(Text.PAID, jobs=10)
    await user.say("/limits")
    await user.reads(user.words(Text.LEFT_BOUGHT, count=10))
    await user.take("stars", "/buy, an invoice, a payment, and /limits")


@scene("The language")
async def language(user: Visitor, harness: Harness) -> None:
    """The bot uses the language of the user's Telegram, unless they choose another."""
    await user.say("/language")
    await user.sees(Text.LANGUAGE)
    await user.take("language", "/language")


@scene("What is kept")
async def privacy(user: Visitor, harness: Harness) -> None:
    """`/privacy` says what's kept, why, and for how long. `/forget` deletes it."""
    await user.say("/privacy")
    await user.reads(user.either("What I keep, and for how long", "Что я храню и как долго"))
    await user.take("privacy", "/privacy")
    await user.say("/forget")
    await user.sees(Text.FORGET)
    await user.press(Text.FORGET_BUTTON)
    await user.sees(Text.FORGOTTEN)


@scene("In a group", where="Family")
async def group(user: Visitor, harness: Harness) -> None:
    """The bot acts only on a command, on its name, or on a reply to its question."""
    mum = user.others["mum"]
    (sent,) = await mum.send(photo=(harness.samples / "cat.jpg"), caption=user.either("Look at her!", "Смотрите!"))
    await user.person.send(user.either("/edit give her a red hat", "/edit надень на неё красную шапку"), reply_to=sent)
    await user.gets_picture()
    await user.take("group", "A member's photo, and /edit in reply to it")
    picture = await mum.picture()
    await mum.send(user.either("/edit and now make it snow", "/edit а теперь пусть идёт снег"), reply_to=picture.id)
    await user.gets_picture(number=2)
    await user.press(Text.AGAIN_BUTTON)
    await user.shows_alert(Text.PRESS_NOT_YOURS)


@scene("For admins", admin=True)
async def admins(user: Visitor, harness: Harness) -> None:
    """Admins can pause the queue, ban users and grant jobs."""
    await user.say("/pause")
    await user.sees(Text.PAUSED)
    waiting = await harness.somebody_waits()
    await user.say("/resume")
    await user.reads(user.either("The queue goes on", "Очередь идёт дальше"))  # an idle worker may have the job by now
    await user.take("admin", "/pause and /resume")
    await user.say(f"/grant {waiting.id} 10")
    await user.sees(Text.GRANTED, user=str(waiting.id), count=10)
    await user.say(f"/ban {waiting.id}")
    await user.sees(Text.BANNED_USER, user=str(waiting.id))
    await user.say(f"/unban {waiting.id}")
    await user.sees(Text.UNBANNED_USER, user=str(waiting.id))


@scene("While the queue is paused")
async def paused(user: Visitor, harness: Harness) -> None:
    """New jobs are accepted, and wait."""
    async with harness.paused():
        await user.send("coffee", caption=user.either("make it autumn", "пусть будет осень"))
        await user.sees(Text.QUEUED, position=1)
        await user.take("paused", "A job that waits")
    await user.gets_picture()


def _small(name: str) -> bytes:
    picture = Image.open(SAMPLES / f"{name}.jpg")
    picture.thumbnail((240, 240))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _png(size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _webp() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGBA", (128, 128), (255, 160, 0, 255)).save(buffer, "WEBP")
    return buffer.getvalue()


def _panorama(*names: str, side: int = 512) -> bytes:
    panorama = Image.new("RGB", (side * len(names), side))
    for number, name in enumerate(names):
        panorama.paste(Image.open(SAMPLES / f"{name}.jpg").resize((side, side)), (number * side, 0))
    return _jpeg(panorama)


def _enlarged(name: str, size: tuple[int, int]) -> bytes:
    return _jpeg(Image.open(SAMPLES / f"{name}.jpg").resize(size))


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
