"""What a request's pictures may take: it is taken before they are fetched, and given back whatever becomes of them."""

from __future__ import annotations

import asyncio
import io
from contextlib import ExitStack, aclosing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from PIL import Image

from qwenedit_bot.chat.errors import FileUnavailableError, LaterError, StorageSlowError, TelegramUnavailableError
from qwenedit_bot.pictures import converter, downloads, intake
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import PictureIntake
from qwenedit_bot.pictures.results import SLOW_AGAIN, Results
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_decoder.decoding import MAX_BYTES, SEND_PHOTO_BYTES
from qwenedit_jobs import Keys, PictureExpiredError, RedisPictureStore, RedisSettings, connect
from qwenedit_testkit.proxy import Proxy, Toxic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ANN, BOB, CLEO = 1, 2, 3
KEYS = Keys()


def encoded(kind: str, size: tuple[int, int] = (640, 480)) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


PHOTO, FILE = encoded("JPEG"), encoded("PNG")


class Files:
    """Telegram's files; each is handed out when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def download(self, file_id: str, *, limit: int, on_bytes: Callable[[int], None]) -> bytes:
        self.asked += 1
        on_bytes(0)
        assert limit == MAX_BYTES
        await self.go.wait()
        return PHOTO if file_id == "photo" else FILE


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def memory() -> Budget:
    return Budget("memory", 100 * 1024 * 1024)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisPictureStore]:
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as raw:
        yield RedisPictureStore(raw, KEYS, ttl=60)


@pytest.fixture
async def conversions() -> AsyncIterator[Converter]:
    async with aclosing(Converter()) as conversions:
        yield conversions


@pytest.fixture
def taking(files: Files, store: RedisPictureStore, conversions: Converter, memory: Budget) -> PictureIntake:
    return PictureIntake(files, store, conversions, memory)


def photo(size: int | None = len(PHOTO)) -> Attachment:
    return Attachment("photo", size, None)


def document(size: int | None = len(FILE)) -> Attachment:
    return Attachment("file", size, "image/png")


async def keep(taking: PictureIntake, attachment: Attachment | StoredPicture, owner: int, ref: str = "x") -> bytes:
    with taking.room(owner, [attachment], await taking.sizes([attachment])):
        return (await taking.keep(attachment, ref, owner=owner)).data


async def begun(files: Files, count: int) -> None:
    async with asyncio.timeout(20):
        while files.asked < count:
            await asyncio.sleep(0.01)


async def test_memory_of_a_file_is_taken_before_its_download_and_given_back(
    taking: PictureIntake, files: Files, memory: Budget
) -> None:
    keeping = asyncio.create_task(keep(taking, document(), ANN))
    await begun(files, 1)
    assert memory.used >= len(FILE) + MAX_BYTES  # with what it may become
    files.go.set()
    assert (await keeping).startswith(b"\x89PNG")
    assert memory.used == 0


async def test_file_of_unknown_size_takes_what_the_largest_would(
    taking: PictureIntake, files: Files, memory: Budget
) -> None:
    keeping = asyncio.create_task(keep(taking, photo(None), ANN))
    await begun(files, 1)
    assert memory.used == 2 * MAX_BYTES
    files.go.set()
    await keeping


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


async def test_files_of_many_users_never_take_more_than_the_budget(
    taking: PictureIntake, files: Files, memory: Budget
) -> None:
    async def attempt(owner: int) -> bool:
        try:
            await keep(taking, document(19_000_000), owner, f"x{owner}")
        except LaterError:
            return False
        return True

    attempts = [asyncio.create_task(attempt(owner)) for owner in range(50)]
    await begun(files, 2)
    assert memory.used <= 100 * 1024 * 1024
    files.go.set()
    assert sum(await asyncio.gather(*attempts)) == files.asked == 2
    assert memory.used == 0


async def test_photo_of_telegrams_own_needs_no_process(
    taking: PictureIntake, files: Files, conversions: Converter
) -> None:
    files.go.set()
    assert await keep(taking, photo(), ANN) == PHOTO
    assert conversions.pids == []


async def test_download_that_is_too_slow_is_given_up_and_at_last_told(
    taking: PictureIntake, files: Files, memory: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "PATIENCE", 0.05)
    for _ in range(downloads.SLOW_AT_MOST - 1):
        with pytest.raises(TelegramUnavailableError):
            await keep(taking, photo(), ANN)
    with pytest.raises(FileUnavailableError):
        await keep(taking, photo(), ANN)
    assert memory.used == 0


async def test_downloads_side_by_side_are_bounded(taking: PictureIntake, files: Files) -> None:
    tasks = [asyncio.create_task(keep(taking, photo(), owner, f"x{owner}")) for owner in range(downloads.PLACES)]
    await begun(files, downloads.PLACES)
    with pytest.raises(LaterError) as refusal:
        await keep(taking, photo(), 100)
    assert refusal.value.what == "download"
    files.go.set()
    await asyncio.gather(*tasks)


async def test_download_that_is_slow_gives_its_place_to_somebody_who_waits(
    taking: PictureIntake, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "UNDISTURBED", 0.0)
    monkeypatch.setattr(downloads, "SLOWEST", 1e12)
    slow = [asyncio.create_task(keep(taking, photo(), owner, f"x{owner}")) for owner in range(downloads.PLACES)]
    await begun(files, downloads.PLACES)
    with pytest.raises(LaterError):
        await keep(taking, photo(), 100)
    with pytest.raises(TelegramUnavailableError):  # it is tried again, behind whoever waits
        await slow[0]
    newcomer = asyncio.create_task(keep(taking, photo(), 100))
    await begun(files, downloads.PLACES + 1)
    files.go.set()
    assert await newcomer == PHOTO
    assert [await task for task in slow[1:]] == [PHOTO] * (downloads.PLACES - 1)


async def test_slow_file_gives_its_place_for_conversion_to_somebody_who_waits(
    taking: PictureIntake, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "UNDISTURBED", 0.0)
    monkeypatch.setattr(downloads, "SLOWEST", 1e12)
    slow_photo = asyncio.create_task(keep(taking, photo(), 50, "photo"))
    await begun(files, 1)
    slow = [asyncio.create_task(keep(taking, document(), owner, f"x{owner}")) for owner in range(converter.PLACES)]
    await begun(files, 1 + converter.PLACES)
    with pytest.raises(LaterError) as refusal:
        await keep(taking, document(), 100)
    assert refusal.value.what == "conversion"
    with pytest.raises(TelegramUnavailableError):
        await slow[0]
    newcomer = asyncio.create_task(keep(taking, document(), 100))
    await begun(files, 2 + converter.PLACES)
    files.go.set()
    await asyncio.gather(newcomer, slow_photo, *slow[1:])


async def test_download_that_crawls_while_others_wait_is_no_reason_to_give_it_up(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "CRAWLS_FROM", 0.0)
    others_wait = downloads.Downloads(files, files_awaited=lambda: True)
    for _ in range(downloads.SLOW_AT_MOST + 1):
        with pytest.raises(TelegramUnavailableError):
            await others_wait.fetch("file", expected=len(FILE), converted=True)


async def test_file_that_becomes_slow_gives_its_place_to_somebody_who_waits_already(
    taking: PictureIntake, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "CRAWLS_FROM", 0.5)
    slow = [asyncio.create_task(keep(taking, document(), owner, f"x{owner}")) for owner in range(converter.PLACES)]
    await begun(files, converter.PLACES)
    with pytest.raises(LaterError):
        await keep(taking, document(), 100)
    done, _ = await asyncio.wait(slow, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    assert [type(each.exception()) for each in done] == [TelegramUnavailableError]
    files.go.set()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_request_that_is_judged_holds_its_pictures_memory_and_no_place(
    taking: PictureIntake, files: Files, conversions: Converter, memory: Budget
) -> None:
    files.go.set()
    with taking.room(ANN, [document()], []) as room:
        kept = await taking.keep(document(), "x", owner=ANN)
        room.hold_only(len(kept.data))
        assert memory.used == len(kept.data)
        with conversions.place(ANN):
            pass
        with pytest.raises(LaterError) as refusal, taking.room(ANN, [photo()], []):
            pass
        assert refusal.value.what == "user"
    assert memory.used == 0


async def test_store_that_is_too_slow_for_a_picture_is_told_and_tried_no_more(
    redis_url: str, files: Files, conversions: Converter, memory: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "STORE_PATIENCE", 0.0)
    port = urlsplit(redis_url).port
    assert port is not None
    proxy = Proxy("redis", port, toxic=Toxic.BANDWIDTH, bandwidth=20_000)
    files.go.set()
    async with (
        proxy.running(),
        connect(RedisSettings(redis_url=redis_url.replace(f":{port}", f":{proxy.port}")), decode=False) as raw,
    ):
        taking = PictureIntake(files, RedisPictureStore(raw, KEYS, ttl=60), conversions, memory)
        with pytest.raises(StorageSlowError):
            await keep(taking, document(), ANN)
    assert memory.used == 0


async def test_result_takes_its_bytes_before_it_is_read_and_gives_them_back(
    store: RedisPictureStore, conversions: Converter, memory: Budget
) -> None:
    results = Results(store, conversions, memory, version="1")
    await store.put("r", FILE)
    async with results.read("r", owner=ANN) as result:
        assert result.original is result.photo
        assert memory.used == len(result.original)
    assert memory.used == 0
    with memory.taken(BOB, 100 * 1024 * 1024), pytest.raises(LaterError):
        async with results.read("r", owner=ANN):
            pass
    with pytest.raises(PictureExpiredError):
        async with results.read("gone", owner=ANN):
            pass


@pytest.mark.parametrize("how", ["read", "original"])
async def test_result_that_is_too_slow_to_be_read_is_left_alone_for_a_while(
    redis_url: str, store: RedisPictureStore, conversions: Converter, memory: Budget, how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(intake, "STORE_PATIENCE", 0.0)
    port = urlsplit(redis_url).port
    assert port is not None
    await store.put("r", FILE[:16_000])
    proxy = Proxy("redis", port, toxic=Toxic.BANDWIDTH, bandwidth=20_000)
    async with (
        proxy.running(),
        connect(RedisSettings(redis_url=redis_url.replace(f":{port}", f":{proxy.port}")), decode=False) as raw,
    ):
        results = Results(RedisPictureStore(raw, KEYS, ttl=60), conversions, memory, version="1")
        with pytest.raises(LaterError) as refusal:
            async with getattr(results, how)("r", owner=ANN):
                pass
    assert (refusal.value.after, refusal.value.what) == (SLOW_AGAIN, "storage")
    assert refusal.value.called is None, "it would be read again at once"
    assert memory.used == 0


async def test_large_result_waits_for_its_conversion_before_it_is_read(
    store: RedisPictureStore, conversions: Converter, memory: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_too_early(_ref: str) -> bytes:
        raise AssertionError("a result that waits was read")

    await store.put("r", bytes(SEND_PHOTO_BYTES + 1))
    monkeypatch.setattr(store, "get", read_too_early)
    with conversions.place(BOB, heavy=True), pytest.raises(LaterError):
        async with Results(store, conversions, memory, version="1").read("r", owner=ANN):
            pass


async def test_result_that_is_called_for_memory_and_waits_for_its_conversion_leaves_the_memory_to_others(
    store: RedisPictureStore, conversions: Converter, memory: Budget
) -> None:
    await store.put("r", bytes(SEND_PHOTO_BYTES + 1))
    results = Results(store, conversions, memory, version="1")

    async def read() -> None:
        async with results.read("r", owner=ANN):
            pass

    with memory.taken(CLEO, 100 * 1024 * 1024):
        with pytest.raises(LaterError) as for_memory:
            await read()
        with pytest.raises(LaterError) as behind, memory.taken(BOB, 90 * 1024 * 1024):
            pass
    assert for_memory.value.called is not None
    assert behind.value.called is not None
    assert [for_memory.value.called.done(), behind.value.called.done()] == [True, False]
    with conversions.place(CLEO, heavy=True), pytest.raises(LaterError):
        await read()
    assert behind.value.called.done()


async def test_file_that_is_called_for_memory_and_waits_for_its_conversion_leaves_the_memory_to_others(
    taking: PictureIntake, conversions: Converter, memory: Budget
) -> None:
    with memory.taken(CLEO, 100 * 1024 * 1024):
        with pytest.raises(LaterError) as for_memory:
            await keep(taking, document(), ANN)
        with pytest.raises(LaterError) as behind, memory.taken(BOB, 90 * 1024 * 1024):
            pass
    assert for_memory.value.called is not None
    assert behind.value.called is not None
    assert [for_memory.value.called.done(), behind.value.called.done()] == [True, False]
    with ExitStack() as held:
        for owner in range(10, 10 + converter.PLACES):
            held.enter_context(conversions.place(owner))
        with pytest.raises(LaterError) as refusal:
            await keep(taking, document(), ANN)
    assert refusal.value.what == "conversion"
    assert behind.value.called.done()


async def test_stored_picture_is_copied_within_the_budget(
    taking: PictureIntake, store: RedisPictureStore, memory: Budget
) -> None:
    await store.put("r", FILE)
    assert await keep(taking, StoredPicture("r"), ANN, "copy") == FILE
    assert await store.get("copy") == FILE
    assert memory.used == 0
