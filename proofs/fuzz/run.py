"""The two halves of the fuzz."""

from __future__ import annotations

import io
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image

from proofs.fuzz.harness import FoundError, Harness
from proofs.fuzz.pictures import odd, smaller
from proofs.fuzz.recorded import record
from proofs.fuzz.updates import about, conversations
from qwenedit_bot.chat.actors import KINDS
from qwenedit_bot.pictures.results import marked
from qwenedit_decoder import headers
from qwenedit_decoder.limits import MAX_SIDE, PictureRefusedError
from qwenedit_jobs import input_ref

if TYPE_CHECKING:
    import asyncio

    Outcomes = Counter[tuple[str, str]]

TIDY_EVERY = 50
"""Updates or pictures after which jobs are cancelled."""
AT_A_TIME = 500
"""Examples of one round: Hypothesis slows down as it remembers more of them."""


def fuzz_updates(
    runner: asyncio.Runner, redis_url: str, *, count: int, seed: int, albums: bool = True, shrink: bool = True
) -> Outcomes:
    """Let the bot receive at least so many odd updates; returns how many there were of each kind and outcome.

    Raises:
        FoundError: There was one that it could not bear, or left without an answer; it is made as small as it gets if
            `shrink` is set, which can take minutes.
    """
    outcomes: Outcomes = Counter()
    recorded = runner.run(record(albums=albums))
    harness = Harness(redis_url)
    runner.run(harness.__aenter__())
    picture, broken = _some_pictures()
    harness.wire.files |= {"good": picture, "bad": broken}
    try:
        number = 0
        while (left := count - sum(outcomes.values())) > 0:
            number += 1
            examples = min(AT_A_TIME, left // 2 + 1)
            _round(runner, harness, recorded, outcomes, examples=examples, seed=seed + number, shrink=shrink)
    finally:
        runner.run(harness.__aexit__(None, None, None))
    return outcomes


def _round(
    runner: asyncio.Runner,
    harness: Harness,
    recorded: list[dict[str, Any]],
    outcomes: Outcomes,
    *,
    examples: int,
    seed: int,
    shrink: bool,
) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(conversations(recorded))
    def converse(conversation: list[tuple[str, dict[str, Any]]]) -> None:
        person = harness.person()
        for kind, update in conversation:
            made = _pressing(harness.number(about(update, person)), harness, person)
            seen = runner.run(harness.receive(made))
            outcomes[f"{kind} {_kind(made)}", seen.outcome] += 1
            if sum(outcomes.values()) % TIDY_EVERY == 0:
                runner.run(harness.tidy())

    converse()


def _pressing(update: dict[str, Any], harness: Harness, person: int) -> dict[str, Any]:
    """Let a press be one of a button that was offered, where it asks for that."""
    press = update.get("callback_query")
    data = press.get("data") if isinstance(press, dict) else None
    if isinstance(press, dict) and isinstance(data, str) and data.startswith("offered:"):
        offered = harness.wire.offered.get(person) or ["what"]
        press["data"] = offered[int(data.partition(":")[2] or 0) % len(offered)]
    return update


def _kind(update: dict[str, Any]) -> str:
    return next((key for key in KINDS if key in update), "of another kind")


def fuzz_pictures(runner: asyncio.Runner, redis_url: str, *, count: int, seed: int, shrink: bool = True) -> Outcomes:
    """Send the bot so many odd pictures, in turn as photos and as files; returns how many had each outcome.

    Raises:
        FoundError: There was one that it could not bear, left without an answer, or took and could not use.
    """
    outcomes: Outcomes = Counter()
    harness = Harness(redis_url)
    runner.run(harness.__aenter__())
    try:
        for number in range(count):
            kind, data = odd(random.Random(f"{seed}:{number}"))
            try:
                # Photos are Telegram's own work: what is broken comes as a file.
                outcome = runner.run(_send(harness, data, as_file=bool(number % 2) or not _is_whole(data)))
            except FoundError as error:
                least = smaller(data, lambda each: _fails(runner, harness, each)) if shrink else data
                raise FoundError(f"picture {number}, {kind}: {least.hex()}\n{error}") from None
            outcomes[
                kind.partition(" with")[0].partition(",")[0] + (", broken" if "broken" in kind else ""), outcome
            ] += 1
            if number % TIDY_EVERY == 0:
                runner.run(harness.tidy())
    finally:
        runner.run(harness.__aexit__(None, None, None))
    return outcomes


def _is_whole(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except Exception:  # noqa: BLE001 - whatever a decoder says
        return False
    return True


def _fails(runner: asyncio.Runner, harness: Harness, data: bytes) -> bool:
    try:
        runner.run(_send(harness, data, as_file=True))
    except FoundError:
        return True
    return False


async def _send(harness: Harness, data: bytes, *, as_file: bool) -> str:
    """Send a picture with a caption, and say what came of it: a job, or why not."""
    person = harness.person()
    harness.wire.files["odd"] = data
    file = {"file_id": "odd", "file_unique_id": "odd", "file_size": len(data)}
    user = {"id": person, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    content = (
        {"document": file | {"file_name": "picture.png"}} if as_file else {"photo": [file | {"width": 1, "height": 1}]}
    )
    message = {"message_id": 1, "date": 0, "from": user, "chat": {"id": person, "type": "private"}, "caption": "snow"}
    refused = harness.counted("qwenedit_bot_refusals_total", "reason")
    accepted = harness.count("qwenedit_jobs_enqueued_total")
    await harness.receive(harness.number({"message": message | content}))
    _check_as_result(data)
    if harness.count("qwenedit_jobs_enqueued_total") > accepted:
        await _check_stored(harness)
        return "taken"
    now = harness.counted("qwenedit_bot_refusals_total", "reason")
    return next(f"refused: {reason}" for reason in now if now[reason] > refused.get(reason, 0))


async def _check_stored(harness: Harness) -> None:
    """See that the worker can use what was taken."""
    job_id = (await harness.queue.unfinished_ids())[-1]
    stored = await harness.store.get(input_ref(job_id, 0))
    with Image.open(io.BytesIO(stored)) as image:
        image.load()
        if image.mode != "RGB" or image.format not in ("JPEG", "PNG") or max(image.size) > MAX_SIDE:
            raise FoundError(f"it was taken as {image.format} {image.mode} {image.size}")


def _check_as_result(data: bytes) -> None:
    """See that it could also come from a worker, in whose results the bot trusts no more."""
    try:
        if headers.read_header(data) is not None:
            marked(data, tool="qwenedit")
    except PictureRefusedError:
        return
    except Exception as error:
        raise FoundError(f"as a result it is too much to bear: {error!r}") from error


def _some_pictures() -> tuple[bytes, bytes]:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48)).save(buffer, "JPEG")
    return buffer.getvalue(), buffer.getvalue()[:90]
