"""The command line of the simulator."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal

from telegram_simulator.server import Config, running
from telegram_simulator.world.rate_limits import Rates


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    defaults = Config()
    parser = argparse.ArgumentParser(
        prog="python -m telegram_simulator",
        description="The Telegram Bot API over HTTP, a page to chat with the bot on, and faults on demand.",
    )
    parser.add_argument("--host", default=defaults.host, help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=defaults.port, help="port to listen on, 0 for a free one (%(default)s)"
    )
    parser.add_argument(
        "--no-limits", dest="limits", action="store_false", help="let a bot send and edit as fast as it likes"
    )
    parser.add_argument(
        "--keep-files",
        type=int,
        default=defaults.keep >> 20,
        metavar="MIB",
        help="files kept in the temporary folder, in MiB; older ones are forgotten (%(default)s)",
    )
    return parser.parse_args(arguments)


async def serve(config: Config) -> None:
    """Serve until SIGINT or SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with running(config) as url:
        print(f"Telegram simulator: {url}", flush=True)  # what a supervisor waits for
        await ended.wait()


def main() -> None:
    """Run the simulator."""
    options = parse()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    config = Config(
        host=options.host,
        port=options.port,
        rates=Rates(enabled=options.limits),
        keep=options.keep_files << 20,
    )
    asyncio.run(serve(config))
