"""Files that take more than their share of memory, processor or wire."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofs.neighbours import pictures
from proofs.neighbours.abusers.base import abuser, together
from qwenedit_testkit.photos import phone_photo
from telegram_simulator.client import NeverHappenedError, RefusedError

if TYPE_CHECKING:
    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import Person

LARGE_GROUPS = 50
LARGE_RESULTS = 16
ALBUM_GROUPS = 16
SLOW_PEOPLE, SLOW_FILES, SLOW = 12, 4, 20_000
"""Bytes a second."""
WISH = "make it snow"


@abuser()
async def jpeg_scans(harness: Harness) -> None:
    """Send progressive JPEGs of 1 MB with more than 10,000 scans, from two people, again and again."""
    people = [await harness.user(f"Scans {number}") for number in range(2)]
    await together(_keep_sending(person, pictures.scans(), "holiday.jpg", every=2) for person in people)


@abuser()
async def png_bombs(harness: Harness) -> None:
    """Send PNGs of 0.4 MB that become 100 MB, and ones of 144 megapixels, again and again."""
    bombs = pictures.png_bomb(), pictures.png_too_large()
    people = [await harness.user(f"Bomb {number}") for number in range(len(bombs))]
    pairs = zip(people, bombs, strict=True)
    await together(_keep_sending(person, data, "plain.png", every=1) for person, data in pairs)


async def _keep_sending(person: Person, data: bytes, name: str, *, every: float) -> None:
    while True:
        await person.send(document=data, name=name, caption=WISH)
        await asyncio.sleep(every)


@abuser()
async def large_files(harness: Harness) -> None:
    """Have one person send a file of 18.8 MB in each of 50 groups at once."""
    person, caption = await harness.user("Large"), f"@{await harness.username()} {WISH}"
    groups = [await harness.chats.group(f"Large {number}", person) for number in range(LARGE_GROUPS)]
    document = await _uploaded(person.within(groups[0]), pictures.large_file())
    there = [person.within(group) for group in groups]
    notes = [await each.send("look") for each in there]  # which the bot does not read
    for each, (message,) in zip(there, notes, strict=True):
        await harness.chats.add_update({"message": _message(each, message, document, caption)})


async def _uploaded(person: Person, data: bytes) -> dict[str, Any]:
    """Give Telegram a file once, in a group, where the bot does not read it; returns what messages say of it."""
    (message,) = await person.send(document=data, name="camera.jpg" if data.startswith(b"\xff") else "noise.png")
    chat = await person.snapshot()
    media = next(each.now.media for each in chat.messages if each.id == message)
    if media is None:
        raise RuntimeError("the file was not sent as one")
    return {
        "file_id": media.file_id,
        "file_unique_id": media.file_id[:16],
        "file_name": media.name,
        "mime_type": media.mime,
        "file_size": media.size,
    }


def _message(person: Person, message: int, document: dict[str, Any], caption: str) -> dict[str, Any]:
    return {
        "message_id": message,
        "date": int(time.time()),
        "document": document,
        "caption": caption,
        "from": {"id": person.id, "is_bot": False, "first_name": "Large", "language_code": "en"},
        "chat": {"id": person.chat_id, "type": "supergroup", "title": "Large"},
    }


@abuser()
async def cancelled_albums(harness: Harness) -> None:
    """Send albums of three files of 18 MB and cancel each at once; in groups, since a chat's pace would slow it."""
    await harness.shrink("256mb")
    person, caption = await harness.user("Albums"), f"@{await harness.username()} {WISH}"
    groups = [await harness.chats.group(f"Albums {number}", person) for number in range(ALBUM_GROUPS)]
    document = await _uploaded(person.within(groups[0]), pictures.noise_png())
    for number, group in enumerate(itertools.cycle(groups)):
        there = person.within(group)
        ids = [message for _ in range(3) for message in await there.send("look")]
        for message, words in zip(ids, (caption, "", ""), strict=True):
            album = _message(there, message, document, words) | {"media_group_id": f"album-{number}"}
            await harness.chats.add_update({"message": album})
        await _cancel(there, ids)


async def _cancel(person: Person, ids: list[int]) -> None:
    """Press the button of the job's message as soon as it is there; go on where it does not come."""
    try:
        chat = await person.wait_for(lambda chat: any(message.reply_to in ids for message in chat.from_bot), 10)
        answer = next(message for message in chat.from_bot if message.reply_to in ids)
        for _ in range(5):
            await person.press("Cancel", message_id=answer.id, timeout=1)
            await asyncio.sleep(0.5)
    except (NeverHappenedError, RefusedError):
        return


@abuser()
async def large_results(harness: Harness) -> None:
    """Have 16 results of 23 megapixels and 12 MB ready at once."""
    with tempfile.TemporaryDirectory(prefix="neighbours-") as folder:
        file = Path(folder) / "large.png"
        file.write_bytes(pictures.large_result())
        for comfyui in harness.controls:
            await comfyui.fault("other_output", times=LARGE_RESULTS // len(harness.controls), file=str(file))
        people = [await harness.user(f"Results {number}") for number in range(LARGE_RESULTS // 2)]
        await together(person.send(photo=phone_photo(), caption=WISH) for person in people * 2)
        await asyncio.Event().wait()


@abuser()
async def slow_links(harness: Harness) -> None:
    """Have 12 people keep sending photos, 4 of them files of 18.8 MB, which come from Telegram at 20 kB/s."""
    people = [await harness.user(f"Slow {number}") for number in range(SLOW_PEOPLE)]
    for person in people:
        await person.throttle_downloads(SLOW)
    large = pictures.large_file()
    files = [_keep_sending(person, large, "camera.jpg", every=3) for person in people[:SLOW_FILES]]
    await together((*files, *(_keep_sending_photos(person) for person in people[SLOW_FILES:])))


async def _keep_sending_photos(person: Person) -> None:
    while True:
        await person.send(photo=phone_photo(), caption=WISH)
        await asyncio.sleep(2)
