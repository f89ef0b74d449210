"""People who are banned or not on the list, and all that they may send: only what is everybody's gets through."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import redis as redis_client

from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from telegram_simulator.client import Message, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN, ANN = 900_001, 900_002
"""Those who may: ANN asks for pictures in the group."""
BANNED, STRANGER, PEOPLE = 900_100, 900_200, 30
"""The first of each kind, and how many there are; each test has people of its own, by adding to these."""
SETTINGS = {"ADMINS": str(ADMIN), "ALLOWED_USERS": ",".join(map(str, (ANN, *range(BANNED, BANNED + PEOPLE))))}
SHARE = 15
"""Updates that one person sends: fewer than the bot takes of somebody it has refused."""
numbers = itertools.count(8_000_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_stage(shared_stage: Any) -> Any:
    with redis_client.Redis.from_url(shared_stage.redis_url) as client:
        client.sadd("qwenedit:banned", *range(BANNED, BANNED + PEOPLE))
    return shared_stage


def sent(who: Person, **fields: Any) -> dict[str, Any]:
    chat = {"id": who.chat_id, "type": "private" if who.chat_id > 0 else "supergroup", "title": "x"}
    sender = {"id": who.id, "is_bot": False, "first_name": "Eve"}
    return {"message": {"message_id": next(numbers), "date": 1, "chat": chat, "from": sender, **fields}}


def pressed(who: Person, shown: dict[str, Any], data: str) -> dict[str, Any]:
    sender = {"id": who.id, "is_bot": False, "first_name": "Eve"}
    query = {"id": str(next(numbers)), "from": sender, "chat_instance": "1", "data": data, "message": shown}
    return {"callback_query": query}


def all_kinds(name: str, photos: list[dict[str, Any]], answered: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what somebody may send, with the bot's picture as the message that it replies to."""
    forwarded = {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "A"}}
    document = {"file_id": photos[0]["file_id"], "file_unique_id": "u", "mime_type": "image/png"}
    texts = (
        "make it snow",
        "/privacy make it snow",
        f"/privacy@{name} make it snow",
        "/privacymake it snow",
        "/forgetmenot make it snow",
        "/forget make it snow",
        "/paysupport make it snow",
        "/privacy@other_bot",
        f"/edit@{name} make it snow",
        "/edit make it snow",
        f"@{name} make it snow",
        "/start",
        "/help",
        "/status",
        "/cancel",
        f"/cancel@{name}",
        "/presets",
        "/language",
        "/buy",
        "/pause",
        "/ban 900002",
        "/grant 900004 5",
    )
    captions = ("make it snow", "/edit make it snow", "/privacy", f"/privacy@{name}", "/forget", f"@{name} snow", "")
    return [
        *({"text": text, "reply_to_message": answered} for text in texts),
        *({"text": text, **forwarded} for text in ("/privacy", "/forget", f"/privacy@{name}", "make it snow")),
        *({"photo": photos, "caption": caption} for caption in captions),
        *({"document": document, "caption": caption} for caption in captions),
        {"photo": photos, "caption": "/edit snow", "media_group_id": str(next(numbers))},
        {
            "sticker": {
                "file_id": "x",
                "file_unique_id": "x",
                "type": "regular",
                "width": 1,
                "height": 1,
                "is_animated": False,
                "is_video": False,
            }
        },
        {"new_chat_members": [{"id": 5, "is_bot": False, "first_name": "B"}]},
        {"location": {"latitude": 1.0, "longitude": 1.0}},
    ]


@pytest.mark.parametrize(
    ("who", "where"),
    [(BANNED, "private"), (STRANGER, "private"), (BANNED + 10, "group"), (STRANGER + 10, "group")],
)
async def test_kept_out_people_get_nothing_done_and_one_answer_each(stage: Any, who: int, where: str) -> None:
    ann, me = await stage.telegram.user(ANN), await stage.telegram.bot()
    people = [await stage.telegram.user(who + number, first_name="Eve") for number in range(5)]
    group = await stage.telegram.group("Friends", ann, *people)
    there = ann.within(group)
    await there.send(photo=photo(), caption="/edit make it rain")
    claim = await stage.worker.finish_next(photo("PNG"))
    picture = await there.picture()
    verbs = [f"{verb}:{claim.job.id}" for verb in ("again", "larger", "file", "styles", "cancel")]
    data = (*verbs, "language:ru", "presets", "category:fun", "preset:x", "buy:1:1", "forget:", "x")
    last = (await stage.telegram.calls())[-1].number
    refusals = 0
    for number, eve in enumerate(people):
        await eve.send("/privacy")
        await eve.says("What I keep")
        place = eve if where == "private" else eve.within(group)
        answered = as_bots_see_it(place, picture, me)
        before = len((await place.snapshot()).from_bot)
        updates = [sent(place, **fields) for fields in all_kinds(me["username"], answered["photo"], answered)]
        updates.extend(pressed(place, answered, each) for each in data)
        for update in updates[number::5]:
            await stage.telegram.add_update(update)
        assert len(updates[number::5]) <= SHARE
        await stage.eventually(stage.nothing_waits)
        said = (await place.snapshot()).from_bot[before:]
        refusals += len(said)
        with redis_client.Redis.from_url(stage.redis_url) as client:
            assert client.keys(f"qwenedit:draft:*:{eve.id}") == client.keys(f"qwenedit:language:{eve.id}") == []
    assert await stage.worker.queue.unfinished_ids() == []
    presses = [
        call for call in await stage.telegram.calls("answerCallbackQuery", since=last) if call.parameters.get("text")
    ]
    assert refusals == (len(people) if where == "private" else 0)
    assert len(presses) <= (0 if where == "private" else len(people))


@pytest.mark.parametrize("who", [BANNED + 20, STRANGER + 20])
async def test_kept_out_people_have_their_data_told_and_deleted_and_their_money_looked_after(
    stage: Any, who: int
) -> None:
    eve = await stage.telegram.user(who, first_name="Eve")
    await eve.send("/privacy")
    await eve.says("What I keep")
    await eve.send("/forget")
    await eve.says("Shall I delete everything")
    await eve.press("Delete everything")
    await eve.says("I've deleted everything I kept about you")
    payment = {
        "currency": "XTR",
        "total_amount": 50,
        "invoice_payload": "pack:2:50",
        "telegram_payment_charge_id": f"c{who}",
        "provider_payment_charge_id": "x",
    }
    await stage.telegram.add_update(sent(eve, successful_payment=payment))
    await eve.says("2 more pictures are yours")
    await stage.telegram.add_update(sent(eve, refunded_payment=payment))
    await eve.says("⭐ 50 went back to you")
    await eve.send("/paysupport")
    await eve.says(f"given back · c{who}")


def as_bots_see_it(place: Person, picture: Message, me: dict[str, Any]) -> dict[str, Any]:
    """Return a picture of the bot as it comes with replies and presses."""
    media = picture.now.media
    assert media is not None
    chat = {"id": place.chat_id, "type": "private" if place.chat_id > 0 else "supergroup", "title": "x"}
    rows = [[{"text": b.text, "callback_data": b.data or "x"} for b in row] for row in picture.now.rows]
    return {
        "message_id": picture.id,
        "date": 1,
        "chat": chat,
        "reply_markup": {"inline_keyboard": rows},
        "from": {"id": me["id"], "is_bot": True, "first_name": "Bot"},
        "photo": [{"file_id": media.file_id, "file_unique_id": "u", "width": 320, "height": 240}],
    }
