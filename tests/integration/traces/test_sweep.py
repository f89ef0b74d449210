"""What nobody may find in telemetry: the bot's token, users' words and names, their pictures.

All of it at the lowest level, every library's included, and with asyncio's own debugging, which shows what calls were
made with.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_stack import SIMULATED_TOKEN
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_jobs import Keys, State

WORDS = "Zanzibarprompt"
NAME = "Quentinanna"
ADMIN = 900_001
HOOK_TOKEN = "hook-token-that-nobody-may-see"
PATIENCE = 180.0
SLICE = 24
"""Bytes of a picture that are looked for; by chance they are nowhere."""
PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where in a picture's file they are taken from."""


@pytest.fixture
async def hook():
    """A moderation hook that repeats what it was asked: where it fails, where it refuses, and where it allows."""
    asked = itertools.count()

    async def check(request):
        about = bytes((await request.post())["about"]).decode()
        if next(asked) == 0:
            return web.Response(status=500, text=about)
        return web.json_response({"allow": "refused" not in about, "about": about})

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/check", check)
    async with TestServer(app) as server:
        yield str(server.make_url("/check"))


@pytest.fixture
def more(hook):
    return {
        "PYTHONPATH": str(Path(__file__).parent / "loud"),
        "ADMINS": str(ADMIN),
        "JOBS_PER_DAY": "2",
        "MODERATION_URL": hook,
        "MODERATION_TOKEN": HOOK_TOKEN,
    }


def spellings(data: bytes) -> set[bytes]:
    """Return how bytes may show in a text: as they are, as Python writes them, in hexadecimal digits, in base64.

    In base64 three bytes are four characters, so it depends on where in the whole they stand.
    """
    encoded = {
        encode(data[start : start + len(data) // 3 * 3 - 3])
        for start in range(3)
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    }
    return {data, repr(data)[2:-1].encode(), data.hex().encode(), data.hex().upper().encode(), *encoded}


def parts_of(picture: bytes) -> set[bytes]:
    cuts = [int(len(picture) * place) for place in PLACES]
    return {form for cut in cuts for form in spellings(picture[cut : cut + SLICE])}


@pytest.fixture
async def events(installation):
    """Every event as a script adds it to the stream: the bot takes one within a millisecond, too soon for a reader."""
    seen: set[str] = set()

    async def watch(commands):
        async for command in commands:
            if command["command"].startswith(f"XADD {Keys().events} "):
                seen.add(command["command"])

    async with installation.client.monitor() as monitor:
        watching = asyncio.create_task(watch(monitor.listen()))
        yield seen
        watching.cancel()


@pytest.mark.timeout(600)  # for a busy machine: half a minute on an idle one
async def test_no_token_word_name_or_picture_is_in_any_span_log_metric_or_event(installation, photo, events):
    one = await installation.chats.user(first_name=NAME, username=NAME.lower())
    (done,) = await one.send(photo=photo, caption=f"{WORDS} make it snow, done")
    edited = await installation.chats.download((await one.picture(timeout=PATIENCE)).now.photo)

    await installation.control.fault("vanish", times=1)
    two = await installation.chats.user(first_name=NAME)
    (retried,) = await two.send(photo=photo, caption=f"{WORDS} make it snow, retried")
    await two.picture(timeout=PATIENCE)

    await installation.control.fault("execution_error", message=f"cannot do {WORDS} failed", times=1)
    three = await installation.chats.user(first_name=NAME)
    (failed,) = await three.send(photo=photo, caption=f"{WORDS} make it snow, failed")
    await three.says("couldn't read this picture", PATIENCE)

    four = await installation.chats.user(first_name=NAME)
    for fault in ("502", "429", "cut", "drop"):
        await installation.chats.fault("editMessageMedia", fault, times=1, retry_after=1)
    await installation.chats.fault("file", "500", times=1)
    (troubled,) = await four.send(photo=photo, caption=f"{WORDS} make it snow, troubled")
    await four.picture(timeout=PATIENCE)

    await installation.control.fault("hang", at_step=1, times=1)
    five = await installation.chats.user(first_name=NAME)
    (lost,) = await five.send(photo=photo, caption=f"{WORDS} make it snow, lost")
    await five.says("Editing: step", PATIENCE)
    worker = [*installation.the_worker.lines]
    await installation.the_worker.kill()
    await installation.control.clear()
    await installation.client.zadd(Keys().leases, {JobIds(SIMULATED_TOKEN)(five.chat_id, lost): 1}, xx=True)
    await installation.the_worker.start()
    await five.picture(timeout=PATIENCE)

    six = await installation.chats.user(first_name=NAME)
    await six.send(album=[photo, photo], caption=f"{WORDS} make it snow, of two together")
    await six.press("One picture", timeout=PATIENCE)
    await six.picture(timeout=PATIENCE)
    await six.send(photo=photo, caption=f"{WORDS} make it snow, refused")
    await six.says("This bot's rules don't allow", PATIENCE)
    await govern(installation, six)

    worker += installation.the_worker.lines
    bot = installation.the_bot.lines
    jobs = ((one, done), (two, retried), (three, failed), (four, troubled), (five, lost))
    stored = [JobIds(SIMULATED_TOKEN)(person.chat_id, message) for person, message in jobs[:4]]
    traces = [await installation.trace(person, message) for person, message in jobs[:4]]
    outcomes = [trace.all("process qwenedit:job_queue")[-1].attributes["qwenedit.outcome"] for trace in traces]
    assert outcomes == [State.DONE, State.DONE, State.FAILED, State.DONE]
    assert any(span.failed for span in traces[3].all("telegram editMessageMedia"))
    statuses = await installation.queue.statuses(stored)
    assert all(status.job.edit.prompt.startswith(WORDS) for status in statuses)

    told = {
        "spans": (len(installation.collector.spans), b"".join(installation.collector.bodies)),
        "log of the bot": written(bot),
        "log of the worker": written(worker),
        "metrics of the bot": counted(await installation.metrics(installation.the_bot)),
        "metrics of the worker": counted(await installation.metrics(installation.the_worker)),
        "events": written(sorted(events)),
    }
    secrets = {
        "token": {SIMULATED_TOKEN.encode(), SIMULATED_TOKEN.partition(":")[2].encode()},
        "hook's token": {HOOK_TOKEN.encode()},
        "words": spellings(WORDS.encode()),
        "name": spellings(NAME.encode()) | spellings(NAME.lower().encode()),
        "photo": parts_of(photo),
        "edited picture": parts_of(edited),
    }
    found = [
        (secret, place)
        for secret, forms in secrets.items()
        for place, (_count, text) in told.items()
        if any(form in text for form in forms)
    ]
    report(told, secrets, found, {entry["level"] for entry in entries(bot + worker)})
    assert all(text for _count, text in told.values())
    # A library that is quiet in production speaks here, or the sweep would have swept nothing of it.
    assert "urllib3" in {
        entry["logger"].partition(".")[0] for entry in entries(bot + worker) if entry["level"] == "debug"
    }
    assert found == [], [line for line in bot + worker if WORDS in line]


async def govern(installation, user):
    """Have an admin use the commands that name somebody, and the user have all forgotten."""
    admin = await installation.chats.user(ADMIN, first_name=NAME)
    for command, said in (
        (f"/grant {user.id} 1", "has 1 more job"),
        (f"/ban {user.id}", "is banned"),
        (f"/unban {user.id}", "isn't banned"),
    ):
        await admin.send(command)
        await admin.says(said, PATIENCE)
    await user.send("/forget")


def written(lines):
    return len(lines), "\n".join(lines).encode()


def counted(metrics):
    return sum(not line.startswith("#") for line in metrics.splitlines()), metrics.encode()


def entries(lines):
    return [json.loads(line) for line in lines]


def report(told, secrets, found, heard):
    forms = sum(map(len, secrets.values()))
    print(f"swept for {len(secrets)} secrets in {forms} spellings; levels heard: {', '.join(sorted(heard))}")  # noqa: T201
    for place, (count, text) in told.items():
        hits = [secret for secret, where in found if where == place]
        print(f"{place:24}{count:6} entries {len(text):9} bytes  found: {', '.join(hits) or 'nothing'}")  # noqa: T201
