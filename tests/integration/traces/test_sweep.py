"""What nobody may find in telemetry: the bot's token, users' words and names, their pictures."""

from __future__ import annotations

import base64

from local_stack import SIMULATED_TOKEN
from qwenedit_jobs import Keys, State

WORDS = "Zanzibarprompt"
NAME = "Quentinanna"
SLICE = 24
"""Bytes of a picture that are looked for; by chance they are nowhere."""


def spellings(data: bytes) -> set[bytes]:
    """Return how bytes may show in a text: as they are, in base64, in hexadecimal digits, as Python writes them."""
    return {data, base64.b64encode(data), data.hex().encode(), repr(data)[2:-1].encode()}


async def test_no_token_word_name_or_picture_is_in_any_span_log_metric_or_event(installation, photo):
    one = await installation.chats.user(first_name=NAME, username=NAME.lower())
    (done,) = await one.send(photo=photo, caption=f"{WORDS} done")
    edited = await installation.chats.download((await one.picture()).now.photo)

    await installation.control.fault("vanish", times=1)
    two = await installation.chats.user(first_name=NAME)
    (retried,) = await two.send(photo=photo, caption=f"{WORDS} retried")
    await two.picture()

    await installation.control.fault("execution_error", message=f"cannot do {WORDS} failed", times=1)
    three = await installation.chats.user(first_name=NAME)
    (failed,) = await three.send(photo=photo, caption=f"{WORDS} failed")
    await three.says("could not read this picture")

    four = await installation.chats.user(first_name=NAME)
    await installation.chats.fault("editMessageMedia", "502", times=2)
    await installation.chats.fault("file", "500", times=1)
    (troubled,) = await four.send(photo=photo, caption=f"{WORDS} troubled")
    await four.picture(timeout=30)

    traces = [
        await installation.trace(person, message)
        for person, message in ((one, done), (two, retried), (three, failed), (four, troubled))
    ]
    outcomes = [trace.all("process qwenedit:job_queue")[-1].attributes["qwenedit.outcome"] for trace in traces]
    assert outcomes == [State.DONE, State.DONE, State.FAILED, State.DONE]
    assert any(span.failed for span in traces[3].all("telegram editMessageMedia"))

    stored = [(await installation.client.xrange(Keys().events)), await installation.client.xrevrange(Keys().events)]
    told = {
        "spans": b"".join(installation.collector.bodies),
        "log of the bot": "\n".join(installation.bot.lines).encode(),
        "log of the worker": "\n".join(installation.worker.lines).encode(),
        "metrics of the bot": (await installation.metrics(installation.bot)).encode(),
        "metrics of the worker": (await installation.metrics(installation.worker)).encode(),
        "events": repr(stored).encode(),
    }
    secrets = {
        "token": {SIMULATED_TOKEN.encode(), SIMULATED_TOKEN.partition(":")[2].encode()},
        "words": {WORDS.encode()},
        "name": {NAME.encode(), NAME.lower().encode()},
        "photo": spellings(photo[len(photo) // 2 :][:SLICE]),
        "edited picture": spellings(edited[len(edited) // 2 :][:SLICE]),
    }
    assert all(told[place] for place in told if place != "events")
    found = [
        (secret, place)
        for secret, forms in secrets.items()
        for place, text in told.items()
        if any(form in text for form in forms)
    ]
    assert found == [], [line for line in (*installation.bot.lines, *installation.worker.lines) if WORDS in line]
