"""Programs that a person runs by their name: `make prove NAME=chaos ARGS="--jobs 100"`."""

from __future__ import annotations

import argparse
import ast
import asyncio
import runpy
import shlex
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

BROKEN = 1
"""The exit code of a program that has found what must not be."""
UNABLE = 2
"""The exit code of a program that cannot do what it was asked for, argparse's as well."""


def run(package: str, *, target: str) -> None:
    """Run the program that the first argument names, with the other arguments; without one, list all.

    A program that fails is followed by the command that repeats it.

    Args:
        package: Whose modules are the programs.
        target: What a person calls: `make TARGET NAME=…`.
    """
    known = programs(package)
    if not sys.argv[1:]:
        width = max(map(len, known))
        print(f'make {target} NAME=… ARGS="…", with ARGS=--help for what a program takes:\n')  # noqa: T201
        print(*(f"  {name:{width}}  {_first_line(path)}" for name, path in known.items()), sep="\n")  # noqa: T201
        return
    name, *arguments = sys.argv[1:]
    if name not in known:
        unable(f"there is no {name!r} among {', '.join(known)}")
    sys.argv[:] = [f"make {target} NAME={name} ARGS=…", *arguments]
    try:
        runpy.run_module(f"{package}.{name}", run_name="__main__", alter_sys=False)
    except SystemExit as ended:
        if ended.code == BROKEN:
            given = f' ARGS="{shlex.join(arguments)}"' if arguments else ""
            print(f"failed; again with: make {target} NAME={name}{given}", file=sys.stderr)  # noqa: T201
        raise


def programs(package: str) -> dict[str, Path]:
    """Return each program's file by its name."""
    folder = Path(import_module(package).__path__[0])
    files = [*folder.glob("[!_]*.py"), *folder.glob("*/__main__.py")]
    return dict(sorted((path.parent.name if path.stem == "__main__" else path.stem, path) for path in files))


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def unable(why: str) -> NoReturn:
    """End with a code that says nothing of any promise: something is missing, or was not meant."""
    print(why, file=sys.stderr)  # noqa: T201
    raise SystemExit(UNABLE)


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Make a parser of a program's arguments; the description is its module's docstring, left as it is."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def whole(*, least: int = 1) -> Callable[[str], int]:
    """Make argparse take whole numbers from `least` up, and say so where it gets another one."""

    def convert(text: str) -> int:
        if not text.removeprefix("-").isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} up")
        return int(text)

    return convert


def seconds(text: str) -> float:
    """Have argparse take a positive number of seconds, and say so where it gets another one."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number


def conclude(proof: Coroutine[None, None, bool]) -> NoReturn:
    """Run a proof to its end, and exit with 1 where it found a broken promise. SIGTERM has it stop what it started."""
    raise SystemExit(0 if asyncio.run(_until_told(proof)) else BROKEN)


async def _until_told(proof: Coroutine[None, None, bool]) -> bool:
    proving = asyncio.ensure_future(proof)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, proving.cancel)
    return await proving
