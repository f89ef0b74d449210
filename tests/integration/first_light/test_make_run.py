"""`make run`, as the person who types it sees it."""

from __future__ import annotations

import asyncio
import signal
import socket

from local_stack import Part, answers, bare_environment, by_line, free_port, python_module


def stack(port: int, **settings: str) -> Part:
    return Part(
        "stack",
        python_module("local_stack"),
        env=bare_environment(PORT=str(port), **settings),
        ready=by_line(rf"^Chat with the bot: http://127\.0\.0\.1:{port}$"),
    )


async def test_make_run_ends_on_the_chat_page_and_ctrl_c_stops_all_parts_in_order():
    port = free_port()
    part = stack(port)
    await part.start()
    assert await answers(f"http://127.0.0.1:{port}/")
    part.signal(signal.SIGINT)
    async with asyncio.timeout(120):
        assert await part.wait() == 0
    assert not await answers(f"http://127.0.0.1:{port}/")
    address = part.lines.index(f"Chat with the bot: http://127.0.0.1:{port}")
    assert not any("warn" in line.lower() for line in part.lines[:address])
    assert part.lines[address + 1].startswith("Stopping"), "the address is the last line on the screen"
    last = {line.split("│")[0].strip(): number for number, line in enumerate(part.lines) if "│" in line}
    assert last["worker"] < last["bot"]
    assert "\x1b[" not in "".join(part.lines), "no colour where nobody looks"


async def test_busy_port_is_reported_with_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        part = stack(port)
        await part.launch()
        assert await part.wait() == 1
    assert part.lines == [
        f"qwenedit: port {port} cannot be used (Address already in use): choose another one with `make run PORT=…`"
    ]
