"""What a request's pictures may take: it is taken before they are fetched, and given back whatever becomes of them."""

from __future__ import annotations

import asyncio
import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.common import timeouts
from qwenedit_bot.pictures import intake
from qwenedit_bot.pictures.bound import Bound
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import PictureIntake
from qwenedit_bot.pictures.results import EDITED_BY_AI, Results
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_decoder.limits import MAX_BYTES, PictureRefusedError
from qwenedit_jobs import Keys, PictureExpiredError, PictureTooLargeError, RedisPictureStore, RedisSettings, connect
from qwenedit_jobs.picture_refs import MAX_BYTES as LARGEST_RESULT
from qwenedit_testkit import photos
from qwenedit_testkit.photos import plain
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANN, BOB = 1, 2
KEYS = Keys()
MEMORY = 100 * 1024 * 1024


SIZE = (640, 480)


PHOTO, FILE = photos.photo("JPEG", SIZE), photos.photo("PNG", SIZE)


class Files:
    """Telegram's files; each is handed out when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def download(self, file_id: str, *, limit: int) -> bytes:
        self.asked += 1
        assert limit == MAX_BYTES
        await self.go.wait()
        return PHOTO if file_id == "photo" else FILE


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def memory() -> Bound:
    return Bound("memory", MEMORY)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisPictureStore]:
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as raw:
        yield RedisPictureStore(raw, KEYS, ttl=60)


@pytest.fixture
def taking(files: Any, store: RedisPictureStore, memory: Bound) -> PictureIntake:
    return PictureIntake(files, store, Converter(), memory)


@pytest.fixture
def results(store: RedisPictureStore, memory: Bound) -> Results:
    return Results(store, memory, tool="qwenedit 1.2.3")


def photo(size: int | None = len(PHOTO)) -> Attachment:
    return Attachment("photo", size, None)


def document(size: int | None = len(FILE)) -> Attachment:
    return Attachment("file", size, "image/png")


async def keep(taking: PictureIntake, attachment: Attachment | StoredPicture, owner: int, ref: str = "x") -> bytes:
    [located] = await taking.located([attachment])
    with taking.room(owner, [located]):
        await taking.keep(located[0], ref)
    async with taking.stored([ref]) as (kept,):
        return kept


async def begun(files: Files, count: int) -> None:
    await eventually(lambda: files.asked >= count)


async def test_memory_of_a_file_is_taken_before_its_download_and_given_back(
    taking: PictureIntake, files: Files, memory: Bound
) -> None:
    keeping = asyncio.create_task(keep(taking, document(), ANN))
    await begun(files, 1)
    assert memory.used >= len(FILE) + MAX_BYTES  # with what it may become
    files.go.set()
    assert (await keeping).startswith(b"\x89PNG")
    assert memory.used == 0


async def test_user_has_one_request_at_a_time_in_whatever_chats(taking: PictureIntake, files: Files) -> None:
    first = asyncio.create_task(keep(taking, photo(), ANN))
    await begun(files, 1)
    with pytest.raises(LaterError) as refusal:
        await keep(taking, photo(), ANN)
    assert refusal.value.what == "user"
    assert files.asked == 1
    other = asyncio.create_task(keep(taking, photo(), BOB, "y"))
    await begun(files, 2)
    files.go.set()
    await asyncio.gather(first, other)
    assert await keep(taking, photo(), ANN) == PHOTO


async def test_files_of_many_users_take_a_part_of_the_memory_and_hold_up_no_photo(
    taking: PictureIntake, files: Files, memory: Bound
) -> None:
    flood = [asyncio.create_task(keep(taking, document(19_000_000), owner, f"x{owner}")) for owner in range(3, 50)]
    await begun(files, 2)
    assert memory.used <= MEMORY
    ann = asyncio.create_task(keep(taking, photo(), ANN))
    await begun(files, 3)
    files.go.set()
    assert await ann == PHOTO
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(each) for each in outcomes} == {bytes, LaterError}
    assert memory.used == 0


async def test_files_are_taken_in_the_order_in_which_their_users_came(
    taking: PictureIntake, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "PLACE_IN_LINE", 600)  # a busy machine converts no three files within the usual time
    taken = [asyncio.create_task(keep(taking, document(), owner, f"x{owner}")) for owner in range(3, 3 + intake.FILES)]
    await begun(files, intake.FILES)
    with pytest.raises(LaterError):
        await keep(taking, document(), ANN)
    files.go.set()
    await asyncio.gather(*taken)
    for _ in range(intake.FILES - 1):
        await keep(taking, document(), BOB)
    others = [taking.room(owner, await taking.located([document()])) for owner in range(3, 2 + intake.FILES)]
    with ExitStack() as held:
        for other in others:
            held.enter_context(other)
        with pytest.raises(LaterError):
            await keep(taking, document(), BOB)
        assert await keep(taking, document(), ANN)
        assert await keep(taking, document(), BOB)


async def test_stored_picture_is_copied_within_the_memory(
    taking: PictureIntake, store: RedisPictureStore, memory: Bound
) -> None:
    await store.put("r", FILE)
    assert await keep(taking, StoredPicture("r"), ANN, "copy") == FILE
    assert await store.get("copy") == FILE
    with memory.taken(MEMORY), pytest.raises(LaterError):
        await keep(taking, StoredPicture("r"), ANN, "copy")


@pytest.mark.parametrize(
    ("kind", "size", "is_photo"),
    [
        ("PNG", (640, 480), True),
        ("JPEG", (640, 480), True),
        ("PNG", (10_100, 600), False),
        ("PNG", (2_100, 100), False),
        ("BMP", (640, 480), None),
        ("PNG", (1_900, 1_800), False),
    ],
    ids=["", "JPEG", "long sides", "narrow", "no PNG", "many bytes"],
)
async def test_result_is_marked_and_is_no_photo_beyond_telegrams_limits(
    store: RedisPictureStore, results: Results, memory: Bound, kind: str, size: tuple[int, int], is_photo: bool | None
) -> None:
    made = photos.photo(kind, SIZE) if size == SIZE else plain(size=size, kind=kind)
    if size == (1_900, 1_800):
        made += bytes(10_000_000 - len(made))
    await store.put("r", made)
    if is_photo is None:
        with pytest.raises(PictureRefusedError):
            async with results.read("r"):
                pass
        return
    async with results.read("r") as read:
        assert memory.used > 0
        assert EDITED_BY_AI.encode() in read.data
        assert b"qwenedit 1.2.3" in read.data
        assert read.is_photo is is_photo
        with Image.open(io.BytesIO(read.data)) as image, Image.open(io.BytesIO(made)) as worked:
            assert image.tobytes() == worked.tobytes()
    assert memory.used == 0


async def test_result_takes_its_memory_before_it_is_read(
    store: RedisPictureStore, results: Results, memory: Bound
) -> None:
    await store.put("r", FILE)
    with memory.taken(MEMORY), pytest.raises(LaterError):
        async with results.read("r"):
            pass
    with pytest.raises(PictureExpiredError):
        async with results.read("gone"):
            pass


async def test_result_larger_than_any_that_a_worker_makes_is_not_read(
    store: RedisPictureStore, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_ref: str) -> bytes:
        raise AssertionError("it was read")

    await store.put("r", bytes(LARGEST_RESULT + 1))
    monkeypatch.setattr(store, "get", read)
    with pytest.raises(PictureTooLargeError):
        async with results.read("r"):
            pass
