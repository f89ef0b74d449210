"""The command `qwenedit`, for operators, in the images of bot and worker."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING

from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from qwenedit_jobs.cli import output
from qwenedit_jobs.cli.commands import dead_jobs, jobs, pause, set_aside
from qwenedit_jobs.cli.commands.status import status
from qwenedit_jobs.cli.selftest import SelfTestError, selftest
from qwenedit_jobs.errors import QueueError, StorageFullError, WrongTypeError
from qwenedit_jobs.model import State
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.pictures.redis_store import RedisPictureStore
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from qwenedit_jobs.redis.connection import connect
from qwenedit_jobs.settings import RedisSettings, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.output import Answer
    from qwenedit_jobs.pictures.store import PictureStore

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse gives it no other name

SELFTEST_PICTURE_TTL = 3600
"""Seconds; the test deletes its pictures itself unless it is killed."""
PATIENCE = 15.0
"""Seconds in which a new pod's way to Redis opens: network policies learn of a pod some seconds after its start."""
EXIT_CODES = """\
exit codes: 0 as wished; 1 the answer is bad news (no such job, a job in the wrong state, no picture);
2 it could not be asked (Redis, settings, or the command line)"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command, and end the process with its exit code."""
    arguments = make_parser().parse_args(argv)
    settings = load(RedisSettings)
    try:
        raise SystemExit(asyncio.run(_run(settings, arguments)))
    except (RedisError, OSError) as error:
        raise SystemExit(_complain(_explained(error, settings), output.NOT_ASKED)) from None
    except (QueueError, SelfTestError) as error:
        raise SystemExit(_complain(str(error), output.BAD_NEWS)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as shells tell it


def _complain(said: str, code: int) -> int:
    output.show(output.one_line(f"qwenedit: {said}"), error=True)
    return code


def make_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(prog="qwenedit", description=__doc__, epilog=EXIT_CODES)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="for a program; times are seconds since the epoch")
    some = argparse.ArgumentParser(add_help=False, parents=[as_json])
    some.add_argument("--limit", type=_positive, default=50, metavar="N", help="how many to show (50)")
    chosen = argparse.ArgumentParser(add_help=False, parents=[as_json])
    chosen.add_argument("id", nargs="*", help="or its beginning")
    chosen.add_argument("--all", action="store_true", help="all of them")
    force = argparse.ArgumentParser(add_help=False)
    force.add_argument("--force", action="store_true", help="also jobs whose pictures are gone")

    commands.add_parser("status", parents=[as_json], help="the queue, the workers, Redis")
    commands.add_parser("pause", parents=[as_json], help="let no job begin; new ones are accepted and wait")
    commands.add_parser("resume", parents=[as_json], help="end a pause")
    test = commands.add_parser("selftest", help="send one job through queue, worker and ComfyUI")
    test.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="how long to wait for it (600)")

    of_jobs = _deeds(commands, "jobs", "list, show, cancel, requeue")
    listing = of_jobs.add_parser(
        "list", parents=[some], help="jobs that wait, run or pause between attempts; --all: ended ones, too"
    )
    listing.add_argument("--state", action="append", choices=[str(state) for state in State], help="only these")
    listing.add_argument("--all", action="store_true", help="those that ended lately, too; so does --user")
    listing.add_argument("--user", type=int, metavar="ID", help="only this Telegram user's")
    showing = of_jobs.add_parser("show", parents=[as_json], help="all of one job but its prompt and pictures")
    showing.add_argument("id")
    cancelling = of_jobs.add_parser("cancel", parents=[as_json], help="cancel jobs, as their users can")
    cancelling.add_argument("id", nargs="+")
    requeuing = of_jobs.add_parser(
        "requeue", parents=[as_json, force], help="put jobs back in line: running, delayed or failed ones"
    )
    requeuing.add_argument("id", nargs="+", help="or its beginning")

    of_dead = _deeds(commands, "dead", "list, retry, drop the jobs that failed for good")
    of_dead.add_parser("list", parents=[some], help="newest first")
    of_dead.add_parser("retry", parents=[chosen, force], help="have them executed again")
    of_dead.add_parser("drop", parents=[chosen], help="forget them")
    of_aside = _deeds(commands, "aside", "list, retry, drop updates and answers that the bot could not work off")
    of_aside.add_parser("list", parents=[some], help="oldest first")
    of_aside.add_parser("retry", parents=[chosen], help="have them worked off again")
    of_aside.add_parser("drop", parents=[chosen], help="forget them")
    return parser


def _deeds(commands: Commands, name: str, text: str) -> Commands:
    return commands.add_parser(name, help=text).add_subparsers(dest="deed", required=True, metavar="DEED")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no positive number")
    return number


async def _run(settings: RedisSettings, arguments: argparse.Namespace) -> int:
    async with connect(settings) as redis:
        queue = OperatorQueue(redis, settings.keys)
        if arguments.command == "selftest":
            output.show(await _selftest(redis, settings, queue, timeout=arguments.timeout))
            return output.OK
        answer = await _answer(redis, settings, queue, arguments)
    output.show(answer.json if arguments.json else answer.text)
    return answer.code


async def _answer(  # noqa: C901, PLR0911, PLR0912 - one a command
    redis: Redis, settings: RedisSettings, queue: OperatorQueue, arguments: argparse.Namespace
) -> Answer:
    keys = settings.keys
    match arguments.command, getattr(arguments, "deed", ""):
        case "jobs", "list":
            everything = arguments.all or arguments.user is not None  # a user asks about what has ended, mostly
            states = [State(state) for state in arguments.state or (State if everything else jobs.UNDER_WAY)]
            return await jobs.jobs_list(queue, states=states, user=arguments.user, limit=arguments.limit)
        case "jobs", "show":
            return await jobs.jobs_show(redis, keys, queue, arguments.id)
        case "jobs", "cancel":
            return await jobs.jobs_cancel(queue, arguments.id)
        case "jobs", _:
            return await jobs.jobs_requeue(queue, _pictures(redis, settings), arguments.id, force=arguments.force)
        case "dead", "list":
            return await dead_jobs.dead_list(queue, limit=arguments.limit)
        case "dead", "retry":
            pictures = _pictures(redis, settings)
            return await dead_jobs.dead_retry(
                queue, pictures, arguments.id, everything=arguments.all, force=arguments.force
            )
        case "dead", _:
            return await dead_jobs.dead_drop(queue, arguments.id, everything=arguments.all)
        case "aside", "list":
            return await set_aside.aside_list(redis, keys, now=await queue.now(), limit=arguments.limit)
        case "aside", "retry":
            return await set_aside.aside_retry(redis, keys, arguments.id, everything=arguments.all)
        case "aside", _:
            return await set_aside.aside_drop(redis, keys, arguments.id, everything=arguments.all)
        case "pause", _:
            return await pause.pause(queue)
        case "resume", _:
            return await pause.resume(queue)
        case _:
            return await status(redis, keys, queue, place=_place(settings), pictures_url=settings.pictures_url)


async def _selftest(redis: Redis, settings: RedisSettings, queue: OperatorQueue, *, timeout: float) -> str:  # noqa: ASYNC109 - bounds the job
    await _reach(redis)
    async with connect(settings, decode=False) as raw:
        return await selftest(queue, _pictures(raw, settings), timeout=timeout, report=output.show)


def _pictures(redis: Redis, settings: RedisSettings) -> PictureStore:
    return open_objects(settings.pictures_url) or RedisPictureStore(redis, settings.keys, ttl=SELFTEST_PICTURE_TTL)


async def _reach(redis: Redis) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await redis.ping()
        except (RedisConnectionError, RedisTimeoutError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        else:
            return


def _place(settings: RedisSettings) -> str:
    if settings.redis_sentinels:
        hosts = ",".join(f"{host}:{port}" for host, port in settings.redis_sentinels)
        return f"the master {settings.redis_sentinel_master} of the Sentinels {hosts}"
    return settings.redis_url.rpartition("@")[2].removeprefix("redis://").removeprefix("rediss://")


def _explained(error: Exception, settings: RedisSettings) -> str:
    """Say what Redis' error means, and what to look at."""
    place = _place(settings)
    match error:
        case StorageFullError():
            return f"Redis at {place} is full and refuses what is new: raise its maxmemory, or drop dead jobs"
        case WrongTypeError():
            return f"{error}. Is REDIS_JOB_QUEUE_KEY another program's key?"
        case NoPermissionError():
            return f"this Redis user may not do that: {error}. Ask from the bot's container, whose user may"
        case AuthenticationError():
            return f"Redis at {place} refuses the login: {error}. Look at REDIS_USERNAME and REDIS_PASSWORD"
        case ResponseError():
            return f"Redis at {place} refuses: {error}"
        case _:
            why = str(error).rstrip(".")
            return (
                f"Redis at {place} does not answer: {why}. Is it up, are REDIS_URL or REDIS_SENTINELS right, and "
                "does a network policy let this pod reach it?"
            )
