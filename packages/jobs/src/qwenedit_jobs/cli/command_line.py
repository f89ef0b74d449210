"""The command `qwenedit`, for operators, in the images of bot and worker."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from qwenedit_jobs.cli import jobs, output, set_aside
from qwenedit_jobs.cli.forget_bot import forget_bot
from qwenedit_jobs.cli.installation import Installation, permitted
from qwenedit_jobs.cli.pause import pause, resume
from qwenedit_jobs.cli.selftest import selftest
from qwenedit_jobs.cli.status import KUBECTL, status
from qwenedit_jobs.errors import QueueError, StorageFullError
from qwenedit_jobs.redis.connection import connect
from qwenedit_jobs.settings import RedisSettings, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse gives it no other name

TROUBLE = "trouble "
"""Begins a line that names a page in docs/runbooks, as in the status."""
EXIT_CODES = """\
exit codes: 0 success; 1 failure (no such job, a job in the wrong state, or no picture);
2 the command couldn't run (Redis, a setting, or the command line)"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command, and end the process with its exit code."""
    arguments = make_parser().parse_args(argv)
    settings = load(RedisSettings)
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())  # to stderr
    try:
        raise SystemExit(asyncio.run(_answered(settings, arguments)))
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as shells tell it


async def _answered(settings: RedisSettings, arguments: argparse.Namespace) -> int:
    """Run a command and print its result at once: closing the event loop waits for a hung resolver."""
    try:
        return await _run(settings, arguments)
    except (RedisError, OSError) as error:
        return _complain(_explained(error, settings), output.NOT_ASKED)
    except QueueError as error:
        return _complain(str(error), output.BAD_NEWS)


def _complain(message: str, code: int) -> int:
    output.show(output.one_line(message if message.startswith(TROUBLE) else f"qwenedit: {message}"), error=True)
    return code


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line. A command's options are the arguments of the function in its `run`."""
    parser = argparse.ArgumentParser(prog="qwenedit", description=__doc__, epilog=EXIT_CODES)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("starts", nargs="+", metavar="ID", help="an ID, or its beginning")
    chosen = argparse.ArgumentParser(add_help=False)
    which = chosen.add_mutually_exclusive_group(required=True)
    which.add_argument("starts", nargs="*", default=[], metavar="ID", help="an ID, or its beginning")
    which.add_argument("--all", action="store_true", dest="everything", help="instead of IDs, all of them")

    _add(commands, "status", status, "show what's wrong, recent failures, the queue, Redis and the workers")
    _add(commands, "pause", pause, "stop starting jobs; new ones are accepted and wait")
    _add(commands, "resume", resume, "start jobs again, in their order")
    _add(commands, "forget-bot", forget_bot, "let another bot's token use this Redis prefix")
    test = _add(commands, "selftest", selftest, "send one job through queue, worker and ComfyUI")
    test.set_defaults(patience=15.0)  # network policies let a new pod out some seconds after its start
    test.add_argument("--timeout", type=_seconds, default=600.0, metavar="SECONDS", help="how long to wait (600)")

    of_jobs = _group(commands, "jobs", "list, show, cancel or requeue jobs")
    listing = _add(of_jobs, "list", jobs.jobs_list, "list jobs that wait, run or pause between attempts")
    listing.add_argument(
        "--all", action="store_true", dest="everything", help="include the last 1,000 that ended; --user implies it"
    )
    listing.add_argument("--user", type=int, metavar="ID", help="only jobs of this Telegram user")
    showing = _add(of_jobs, "show", jobs.jobs_show, "show everything about a job except its prompt and pictures")
    showing.add_argument("start", metavar="ID", help="an ID, or its beginning")
    _add(of_jobs, "cancel", jobs.jobs_cancel, "cancel jobs, as their users can", named)
    _add(of_jobs, "requeue", jobs.jobs_requeue, "rerun running, delayed or failed jobs", named)

    of_dead = _group(commands, "dead", "list, retry or drop jobs that failed for good")
    _add(of_dead, "list", jobs.dead_list, "list them, newest first")
    _add(of_dead, "retry", jobs.dead_retry, "put them at the end of the line", chosen)
    _add(of_dead, "drop", jobs.dead_drop, "delete them and their photos", chosen)
    of_aside = _group(commands, "aside", "list, retry or drop updates and answers that failed")
    _add(of_aside, "list", set_aside.aside_list, "list them, oldest first")
    _add(of_aside, "retry", set_aside.aside_retry, "handle them again", chosen)
    _add(of_aside, "drop", set_aside.aside_drop, "delete them", chosen)
    return parser


def _add(
    commands: Commands, name: str, run: object, text: str, *parents: argparse.ArgumentParser
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, parents=parents)
    parser.set_defaults(run=run)
    return parser


def _group(commands: Commands, name: str, text: str) -> Commands:
    return commands.add_parser(name, help=text).add_subparsers(required=True, metavar="ACTION")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 86_400:  # also of "nan"
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 86400")
    return seconds


async def _run(settings: RedisSettings, arguments: argparse.Namespace) -> int:
    options = vars(arguments)
    run, deadline = options.pop("run"), time.monotonic() + options.pop("patience", 0.0)
    async with connect(settings, retries=0) as first:  # it says within seconds why there is no reply
        await _reach(first, deadline)
    async with connect(settings) as redis, connect(settings, decode=False) as raw:
        answer: output.Answer = await run(Installation(redis, raw, settings), **options)
    output.show(answer.text)
    return answer.code


async def _reach(redis: Redis, deadline: float) -> None:
    while True:
        try:
            await permitted(redis.time())  # PING is an error while Redis can't write to its disk
        except (RedisConnectionError, RedisTimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.25)
        else:
            return


def _explained(error: Exception, settings: RedisSettings) -> str:
    """Say what Redis' error means, and what to look at."""
    place = settings.place
    match error:
        case StorageFullError():
            return f"Redis at {place} is full and refuses what is new: raise its maxmemory, or drop dead jobs"
        case NoPermissionError():
            return f"this Redis user may not do that: {error}. Ask from the bot's container, whose user may"
        case AuthenticationError():
            said = f"{TROUBLE}QweneditBotDown: Redis at {place} refuses the login: {error}"
            return f"{said}. Look at the user in REDIS_URL, and at REDIS_PASSWORD"
        case ResponseError():
            hint = ". Does another program use keys that begin with REDIS_PREFIX?" if "WRONGTYPE" in str(error) else ""
            return f"Redis at {place} refuses: {error}{hint}"
        case BusyLoadingError():
            return f"Redis at {place} has just started, and reads its data: {error}"
        case _:
            said = str(error).rstrip(".")
            return f"{TROUBLE}QweneditBotDown: Redis at {place} does not answer: {_cause(error)} ({said})"


def _cause(error: Exception) -> str:
    """Say why Redis gives no reply, and what to look at."""
    if "name resolution" in str(error):
        return "DNS doesn't know it: if `kubectl get service` does, a network policy cuts this pod off from DNS"
    if isinstance(error, RedisTimeoutError) and "connecting" not in str(error):
        return "it takes connections and gives no reply in time: its CPU, its disk or its node is slow, or it hangs"
    look = f"{KUBECTL} get pods,endpointslices -l app.kubernetes.io/component=redis"
    return f"it takes no connection. `{look}` shows whether its pod is down or its Service has none; else it's a policy"
