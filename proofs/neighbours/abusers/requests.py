"""What strangers send to the bot's own port, and presses of buttons that the bot has not made."""

from __future__ import annotations

import asyncio
import gzip
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

from proofs.neighbours.abusers.base import GENTLY, abuser, together

if TYPE_CHECKING:
    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import Person

HALVES = 150
"""Connections with half a request each."""
SENDERS = 8
"""Connections that send bodies of zeros."""
UNPACKED = 64 * 1024 * 1024
"""Bytes of such a body once it is unpacked."""
ODD = (
    "x",
    "cancel:",
    "again:zzzzzzzzzzzzzzzz",
    "file:0000000000000000:9",
    "seed:\u202e",
    "forget",
    "preset:" + "x" * 57,
    "further:0123456789abcdef",
    "\U0001f4a3" * 16,
    "cancel:../../x",
)


@abuser(webhook=True)
async def webhook(harness: Harness) -> None:
    """Send webhook requests that never end, and bodies that unpack to 64 MB, all without the secret."""
    body = gzip.compress(bytes(UNPACKED), 6)
    halves = (_half(harness.webhook_port, number) for number in range(HALVES))
    bodies = (_zeros(harness.webhook_port, body) for _ in range(SENDERS))
    await together((*halves, *bodies))


async def _half(port: int, number: int) -> None:
    head = b"POST /telegram HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\n"
    half = head + (b"Content-Length: 100000\r\n\r\n{" if number % 2 else b"X-")
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(half)
                await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(1)


async def _zeros(port: int, body: bytes) -> None:
    head = b"POST /telegram HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
                await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(0.1)


@abuser()
async def presses(harness: Harness) -> None:
    """Have three people press buttons with malformed data, 30 times a second each."""
    await together(_press(harness, number) for number in range(3))


async def _press(harness: Harness, number: int) -> None:
    person = await harness.user(f"Presser {number}")
    (message,) = await person.send("hello")
    for data in itertools.cycle(ODD):
        await person.press_data(message, data)
        await asyncio.sleep(GENTLY)


@abuser()
async def forged_keyboards(harness: Harness) -> None:
    """Send messages with forged buttons that name other people's jobs, and press and reply to them."""
    person = await harness.user("Forger")
    known: set[str] = set()
    while True:
        jobs = {key.rpartition(":")[2] async for key in harness.client.scan_iter("qwenedit:job:*", count=1000)}
        for job in (jobs - known) or known:
            await _forge(person, job)
        known |= jobs
        await asyncio.sleep(1)


async def _forge(person: Person, job: str) -> None:
    rows = [[("Again", f"again:{job}"), ("As a file", f"file:{job}")]]
    (message,) = await person.send("a result of mine", keyboard=rows)
    for _text, data in rows[0]:
        await person.press_data(message, data)
    await person.send("make it rain", reply_to=message)
