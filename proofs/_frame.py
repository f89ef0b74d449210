"""What every proof does: read its options, run in a folder of its own, print what broke, and exit with 1 for it.

A proof is a function that starts the product, breaks something, watches the promise, and returns a line for each way
in which it was broken. It prints what it saw on the way. `make prove NAME=…` finds it by its module.
"""

from __future__ import annotations

import os
import platform
import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from qwenedit_testkit.programs import command_line, conclude, seconds, whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    Proof = Callable[[argparse.Namespace, Path], Awaitable[list[str]]]


def prove(proof: Proof, description: str | None, /, *, seed: int | None = 1, **options: tuple[object, str]) -> NoReturn:
    """Run a proof from the command line; exits with 0 if the promise was kept, and with 1 if it was broken.

    Args:
        proof: Takes the options and an empty folder.
        description: What `--help` says.
        seed: Of everything that is left to chance, unless `--seed` says another; None draws one.
        options: Name → default and help. The default makes the kind of the option: a flag, a whole number, seconds, a
            text, or some of several words.
    """
    parser = command_line(description)
    for name, (default, about) in options.items():
        _add(parser, f"--{name.replace('_', '-')}", default, about)
    drawn = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    parser.add_argument("--seed", type=int, default=drawn, help="of everything that is left to chance (%(default)s)")
    conclude(_judge(proof, parser.parse_args()))


def _add(parser: argparse.ArgumentParser, flag: str, default: object, about: str) -> None:
    about = f"{about} (%(default)s)"
    match default:
        case bool():
            parser.add_argument(flag, action="store_true", help=about)
        case int():
            parser.add_argument(flag, type=whole(), default=default, help=about)
        case float():
            parser.add_argument(flag, type=seconds, default=default, help=about)
        case tuple():
            parser.add_argument(flag, nargs="+", choices=default, default=default, metavar="WORD", help=about)
        case _:
            parser.add_argument(flag, default=default, help=about)


async def _judge(proof: Proof, options: argparse.Namespace) -> bool:
    machine = f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}"
    print(f"seed {options.seed}; {machine}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        broken = await proof(options, Path(folder))
    print(*(f"BROKEN {each}" for each in broken or ()), sep="\n", end="\n" if broken else "")
    print(f"{'BROKEN' if broken else 'KEPT'} in {time.monotonic() - began:.0f} s")
    return not broken
