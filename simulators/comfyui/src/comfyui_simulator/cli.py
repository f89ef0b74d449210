"""The command line of the simulator."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

from comfyui_simulator.app import running
from comfyui_simulator.config import Config


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m comfyui_simulator",
        description="ComfyUI's HTTP and websocket protocol on a CPU, with simulated edits and faults on demand.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8188, help="port to listen on, 0 for a free one (%(default)s)")
    parser.add_argument("--step-seconds", type=float, default=0.5, help="time of one sampling step (%(default)s)")
    parser.add_argument("--load-seconds", type=float, default=0.0, help="time of the first model load (%(default)s)")
    parser.add_argument("--data-dir", type=Path, help="directory for input, output, temp (one that is deleted on exit)")
    parser.add_argument("--lowvram", action="store_true", help="taken as by ComfyUI; there is no memory to save here")
    return parser.parse_args(arguments)


async def serve(config: Config) -> None:
    """Serve until SIGINT or SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with running(config) as url:
        print(f"ComfyUI simulator: {url}", flush=True)  # what a supervisor waits for
        await ended.wait()


def main() -> None:
    """Run the simulator."""
    options = parse()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    with ExitStack() as stack:
        data_dir: Path = options.data_dir or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="comfyui-simulator-", ignore_cleanup_errors=True))
        )
        config = Config(
            data_dir=data_dir,
            host=options.host,
            port=options.port,
            step_seconds=options.step_seconds,
            load_seconds=options.load_seconds,
        )
        asyncio.run(serve(config))
