"""Every kind of message gets the answer that answers.yaml says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from PIL import Image

from qwenedit_decoder import decoding
from qwenedit_testkit.photos import encoded, photo
from telegram_simulator.client import Item
from telegram_simulator.messages.contents import SERVICE

if TYPE_CHECKING:
    from telegram_simulator.client import Chat, Group, Message, Person, TelegramSimulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWERS = yaml.safe_load(Path(__file__).with_name("answers.yaml").read_text(encoding="utf-8"))
PHOTO = photo()
decoding.load_heif()
HEIC = encoded(Image.new("RGB", (320, 240)), "HEIF", enc_params={"preset": "ultrafast"})
FORGED = 8_100_000
"""Id of a message in an update that no person of the simulator sends."""

Send = Callable[["Person", "TelegramSimulator"], Awaitable[int]]
"""Has a person send something; returns the id of its first message, or 0."""


class Row(NamedTuple):
    """A row of the table of messages."""

    sent: str
    private: str
    called: str


class Reply(NamedTuple):
    """A row of the table of replies in groups."""

    to: str
    sent: str
    answer: str


ROWS = [Row(*cells) for cells in ANSWERS["messages"]]
REPLIES = [Reply(*cells) for cells in ANSWERS["replies"]]
A_JOB, NOTHING = "a job", "nothing"


def sends(text: str = "", **what: Any) -> Send:
    async def send(who: Person, _telegram: TelegramSimulator) -> int:
        return (await who.send(text, **what))[0]

    return send


def shares(*kinds: str) -> Send:
    async def share(who: Person, _telegram: TelegramSimulator) -> int:
        first, *_ = [await who.share(kind) for kind in kinds]
        return first

    return share


def edits(send: Send, *texts: str) -> Send:
    async def edit(who: Person, telegram: TelegramSimulator) -> int:
        sent = await send(who, telegram)
        await who.wait_for(lambda chat: chat.from_bot)
        for text in texts:
            await who.edit(sent, text)
        return sent

    return edit


async def moves(who: Person, telegram: TelegramSimulator) -> int:
    sent = await who.share("location")
    there = {"latitude": 1.0, "longitude": 2.0, "live_period": 900}
    await telegram.add_update(
        {
            "edited_message": {
                "message_id": sent,
                "date": 1,
                "edit_date": 2,
                "chat": {"id": who.chat_id, "type": "private"},
                "from": {"id": who.id, "is_bot": False, "first_name": "Ann"},
                "location": there,
            }
        }
    )
    return sent


def is_told(*updates: dict[str, Any]) -> Send:
    """Have the bot told something that it does not ask for."""

    async def tell(who: Person, telegram: TelegramSimulator) -> int:
        sender = {"id": who.id, "is_bot": False, "first_name": "Ann"}
        for update in updates:
            await telegram.add_update({kind: {"from": sender, **fields} for kind, fields in update.items()})
        return 0

    return tell


CHANNEL = {
    "message_id": FORGED,
    "date": 1,
    "chat": {"id": -1_000_000_900_000, "type": "channel", "title": "News"},
    "text": "make it snow",
}
BUSINESS = {
    "message_id": FORGED,
    "date": 1,
    "chat": {"id": 77, "type": "private"},
    "text": "make it snow",
    "business_connection_id": "b",
}
HEART = {"type": "emoji", "emoji": "❤"}

SENT: dict[str, Send] = {
    "a text": sends("a red hat for everybody"),
    "a photo": sends(photo=PHOTO),
    "a photo with a caption": sends(photo=PHOTO, caption="make it snow"),
    "a photo with “Thank you!” or “help” as its caption": sends(photo=PHOTO, caption="Thank you!"),
    "a photo with a caption, forwarded": sends(photo=PHOTO, caption="Buy our shoes!", forwarded=True),
    "a photo with a caption, through another bot": sends(photo=PHOTO, caption="A meme", via_bot="pic"),
    "a text, edited into another one or into a command": edits(sends("a red hat"), "a blue hat", "/help"),
    "a picture as a file": sends(document=photo("PNG"), name="a.png"),
    "a HEIC as a file": sends(document=HEIC, name="IMG_0001.HEIC", mime="image/heic"),
    "two photos in an album": sends(album=[PHOTO, PHOTO]),
    "four photos in an album": sends(album=[PHOTO] * 4),
    "a photo and a video in an album": sends(album=[Item(PHOTO), Item(b"v", "video")]),
    "a video and a photo in an album": sends(album=[Item(b"v", "video"), Item(PHOTO)]),
    "a picture and a PDF in an album of files": sends(
        album=[Item(PHOTO, "document", "a.jpg"), Item(b"%PDF", "document", "a.pdf")]
    ),
    "a PDF as a file": sends(document=b"%PDF", name="a.pdf", mime="application/pdf"),
    "a video": sends(document=b"v", kind="video", caption="make it snow"),
    "a video note": sends(document=b"v", kind="video_note"),
    "an animation": sends(document=b"GIF89a", kind="animation"),
    "music": sends(document=b"ID3", kind="audio"),
    "a voice message": sends(document=b"OggS", kind="voice"),
    "a static sticker": sends(document=b"RIFF", kind="sticker", mime="image/webp"),
    "an animated sticker": sends(document=b"x", kind="sticker", mime="application/x-tgsticker"),
    "a video sticker": sends(document=b"x", kind="sticker", mime="video/webm"),
    "a sticker, forwarded": sends(document=b"RIFF", kind="sticker", forwarded=True),
    "a contact": shares("contact"),
    "a location": shares("location"),
    "a location that moves": moves,
    "a venue": shares("venue"),
    "a poll": shares("poll"),
    "dice": shares("dice"),
    "a game": shares("game"),
    "a story": shares("story"),
    "paid media": shares("paid_media"),
    "a checklist": shares("checklist"),
    "a giveaway": shares("giveaway"),
    "a gift": shares("gift"),
    "a kind that Telegram does not have yet": shares("a_kind_of_tomorrow"),
    "an unknown command": sends("/dance"),
    "a command for admins, from somebody else": sends("/ban 7"),
    "service messages: a pin, new and lost members, a title, a background, topics, boosts, giveaways, calls": shares(
        *sorted(SERVICE - {"gift"})
    ),
    "a post in a channel, new or edited": is_told({"channel_post": CHANNEL}, {"edited_channel_post": CHANNEL}),
    "a message to a business account": is_told(
        {"business_message": BUSINESS},
        {"edited_business_message": BUSINESS},
        {"deleted_business_messages": {"business_connection_id": "b", "chat": BUSINESS["chat"], "message_ids": [1]}},
    ),
    "an inline query, a reaction, a poll's answer, a boost": is_told(
        {"inline_query": {"id": "1", "query": "snow", "offset": ""}},
        {
            "message_reaction": {
                "chat": BUSINESS["chat"],
                "message_id": 1,
                "date": 1,
                "old_reaction": [],
                "new_reaction": [HEART],
            }
        },
        {"poll_answer": {"poll_id": "1", "option_ids": [0], "option_persistent_ids": ["a"]}},
        {
            "chat_boost": {
                "chat": CHANNEL["chat"],
                "boost": {
                    "boost_id": "1",
                    "add_date": 1,
                    "expiration_date": 2,
                    "source": {"source": "premium", "user": {"id": 5, "is_bot": False, "first_name": "Bob"}},
                },
            }
        },
    ),
}
WORDS = {row.sent: re.findall("“(.+?)”", row.sent) for row in ROWS if row.sent.startswith("“")}
"""The rows that quote what is written."""
QUESTION = "What should I change?"


async def test_table_names_what_the_test_sends_and_nothing_else() -> None:
    assert {row.sent for row in ROWS} == set(SENT) | set(WORDS)
    assert len(REPLIES) >= 8


@pytest.mark.parametrize("row", [row for row in ROWS if row.sent in SENT], ids=lambda row: row.sent)
async def test_message_in_private_gets_the_answer_of_the_table(stage: Any, row: Row, ann: Any) -> None:
    await SENT[row.sent](ann, stage.telegram)
    await expect(stage, ann, row.private)
    await stage.eventually(stage.nothing_waits)  # what concerns no chat has a lane of its own


@pytest.mark.parametrize(("said", "answer"), [(said, row.private) for row in ROWS for said in WORDS.get(row.sent, ())])
async def test_common_word_in_private_gets_the_answer_of_the_table(stage: Any, said: str, answer: str) -> None:
    ann = await stage.telegram.user()
    await ann.send(said)
    await expect(stage, ann, answer)


@pytest.mark.parametrize("row", [row for row in ROWS if row.called and row.sent in SENT], ids=lambda row: row.sent)
async def test_message_in_a_group_is_left_until_the_bot_is_called_in_reply(stage: Any, row: Row) -> None:
    ann, _ = await in_group(stage)
    sent = await SENT[row.sent](ann, stage.telegram)
    await ann.send("/edit make it snow", reply_to=sent)
    await expect(stage, ann, row.called)


@pytest.mark.parametrize(
    ("said", "answer"),
    [(said, row.called) for row in ROWS for said in WORDS.get(row.sent, ()) if row.called and "/" not in said],
)
async def test_common_word_in_a_group_is_understood_in_reply_to_the_bot(stage: Any, said: str, answer: str) -> None:
    ann, _ = await in_group(stage)
    picture = await pictured(stage, ann)
    await ann.send(said)
    await ann.send(said, reply_to=picture.id)
    await expect(stage, ann, answer, after=picture)


@pytest.mark.parametrize("row", REPLIES, ids=lambda row: f"{row.sent} in reply to {row.to}")
async def test_reply_in_a_group_gets_the_answer_of_the_table(stage: Any, row: Reply) -> None:
    ann, _ = await in_group(stage)
    if row.to == "nothing":
        await ann.send(f"/pause@{await name(stage)}")
        await expect(stage, ann, row.answer)
        return
    if row.to == "a picture of the bot":
        asked = await pictured(stage, ann)
    else:
        (sent,) = await ann.send(photo=PHOTO)
        await ann.send("/edit", reply_to=sent)
        asked = await ann.says(QUESTION)
    called, remark = f"@{await name(stage)} ", "wow, that is so cool"
    texts = {"a wish with the bot's name": f"{called}add a hat", "a remark with the bot's name": f"{called}{remark}"}
    match row.sent:
        case "a photo":
            await ann.send(photo=PHOTO, reply_to=asked.id)
        case "a photo with a caption":
            await ann.send(photo=PHOTO, caption="put this hat on her", reply_to=asked.id)
        case "a voice message":
            await ann.send(document=b"OggS", kind="voice", reply_to=asked.id)
        case _:
            await ann.send(texts.get(row.sent, "put a red hat on everybody"), reply_to=asked.id)
    await expect(stage, ann, row.answer, after=asked)


async def test_bot_introduces_itself_once_in_a_group_and_is_quiet_about_its_rights(stage: Any) -> None:
    boris = await stage.telegram.user(language="ru")
    group: Group = await stage.telegram.group("Друзья", boris)
    there = boris.within(group)
    await group.kick_bot()
    await group.add_bot()
    await there.says("только когда меня зовут")
    await there.send(f"/start@{await name(stage)} from_a_link")
    await group.promote_bot()
    await group.add_bot()
    await group.forbid_media()
    await group.forbid()
    await group.kick_bot()
    await group.add_bot()
    await there.share("new_chat_title")
    await expect(stage, there, NOTHING, after=(await there.snapshot()).from_bot[0])


async def test_command_of_groups_is_understood_in_private(stage: Any, ann: Any) -> None:
    (sent,) = await ann.send(photo=PHOTO)
    await ann.says("What should I change?")
    await ann.send("/edit make it snow", reply_to=sent)
    assert (await stage.jobs(1))[0].job.edit.prompt == "make it snow"


async def test_word_that_a_group_says_of_a_photo_is_an_instruction(stage: Any) -> None:
    ann, _ = await in_group(stage)
    (sent,) = await ann.send(photo=PHOTO)
    await ann.send(f"@{await name(stage)} cool", reply_to=sent)
    assert (await stage.jobs(1))[0].job.edit.prompt == "cool"


async def test_buttons_under_the_first_words_do_what_commands_do(ann: Any) -> None:
    await ann.send("/start")
    start = await ann.says("say what to change")
    for label, answer in (
        ("Tips", "What works well"),
        ("Language", "Which language"),
        ("Styles", "Pick a style"),
    ):
        await ann.press(label, message_id=start.id)
        assert (await ann.says(answer)).id > start.id
    await ann.send("/dance")
    unknown = await ann.says("I don't know this command. /help says what I can do")
    assert unknown.now.labels == ("💡 Tips",)


async def in_group(stage: Any) -> tuple[Person, Group]:
    """Return a person in a group whose messages the bot reads all."""
    ann = await stage.telegram.user()
    group = await stage.telegram.group("Friends", ann, bot_admin=True)
    return ann.within(group), group


async def pictured(stage: Any, ann: Person) -> Message:
    """Have the bot edit a photo in a group."""
    await ann.send(photo=PHOTO, caption="/edit make it snow")
    claim = await stage.worker.finish_next(photo("PNG"))
    picture = await ann.picture()
    await stage.answered(claim.job.id)
    return picture


async def expect(stage: Any, ann: Person, answer: str, *, after: Message | None = None) -> None:
    """Look that the bot answers what a table's cell says, once."""
    first = 0 if after is None else after.id + 1

    def answers(chat: Chat) -> list[Message]:
        return [message for message in chat.from_bot if message.id >= first]

    if answer == A_JOB:
        assert len(await stage.jobs(1)) == 1
        await stage.worker.clear()
    elif answer != NOTHING:
        seen = await ann.wait_for(answers)
        assert answer.strip("“”") in answers(seen)[0].text
        assert len(await stage.worker.queue.unfinished_ids()) == 0
    # What is sent in a chat is handled in order: whatever is still to be said to the above comes before this answer.
    asked = await ann.share("dice") if ann.chat_id > 0 else (await ann.send(f"/privacy@{await name(stage)}"))[0]
    seen = await ann.wait_for(lambda chat: any(message.reply_to == asked for message in chat.from_bot))
    assert len(answers(seen)) == (1 if answer == NOTHING else 2)


async def name(stage: Any) -> str:
    return str((await stage.telegram.bot())["username"])
