"""Runs the tests of each file in one of several processes, forked when all tests are collected: `pytest -n 4`.

Collecting them imports the whole product, which takes 10 s of CPU. pytest-xdist collects in each of its processes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import struct
import sys
import threading
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.config import create_terminal_writer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

_NUMBER = struct.Struct("I")
"""Of a file, in the pipe from which each process takes its next one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `-n`."""
    parser.getgroup("general")._addoption(  # noqa: SLF001 - pytest keeps short options to itself
        "-n",
        dest="processes",
        type=int,
        default=0,
        metavar="N",
        help="run the tests of each file in one of N processes",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Fork, and pass on what the processes report."""
    option = session.config.option
    if not option.processes or option.collectonly or option.usepdb or session.testsfailed:
        return None
    if _threads() > 1:
        raise pytest.UsageError("a module that the tests import has started a thread, which is lost in a fork")
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # noqa: SLF001 - one for all of them
    _Processes(session).run(option.processes)
    return True


def _threads() -> int:
    """Count the threads of this process, with those that Python doesn't know."""
    return len(list(Path("/proc/self/task").iterdir())) if sys.platform == "linux" else threading.active_count()


@dataclass(slots=True)
class _Fork:
    """A process that runs tests."""

    process: ForkProcess
    reports: Connection[Any, Any]
    test: str = ""
    """What it began last; empty when it has ended all."""


class _Processes:
    """Processes that take file after file, in the order in which they were collected."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._files = list(_files(session.items))
        self._context = multiprocessing.get_context("fork")
        self._stop = self._context.Event()
        self._todo, todo = os.pipe()
        os.write(todo, b"".join(map(_NUMBER.pack, range(len(self._files)))))
        os.close(todo)

    def run(self, count: int) -> None:
        """Run all tests.

        Raises:
            Failed: as many failed as `--maxfail` allows.
            Interrupted: a plugin wants no more of them.
        """
        session, running = self._session, [self._fork() for _ in range(min(count, len(self._files)))]
        try:
            while running:
                ready = wait([fork.reports for fork in running])
                for fork in [each for each in running if each.reports in ready]:
                    try:
                        self._pass_on(fork, fork.reports.recv())
                    except EOFError:
                        running.remove(fork)
                        self._pass_on_end(fork)
                if session.shouldfail or session.shouldstop:
                    self._stop.set()
        finally:
            self._stop.set()
            os.close(self._todo)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)

    def _fork(self) -> _Fork:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=self._work, args=(theirs,))
        process.start()
        theirs.close()
        return _Fork(process, ours)

    def _pass_on(self, fork: _Fork, said: str | dict[str, Any]) -> None:
        if isinstance(said, str):
            fork.test = said
        else:
            hook = self._session.config.hook
            report = hook.pytest_report_from_serializable(config=self._session.config, data=said)
            hook.pytest_runtest_logreport(report=report)

    def _pass_on_end(self, fork: _Fork) -> None:
        fork.process.join()
        if fork.test or fork.process.exitcode:
            why = f"the process of this test ended with {fork.process.exitcode}; the rest of the file wasn't run"
            place = (fork.test.partition("::")[0], None, fork.test)
            report = pytest.TestReport(fork.test, place, {}, "failed", why, "call")
            self._session.config.hook.pytest_runtest_logreport(report=report)

    def _work(self, reports: Connection[Any, Any]) -> None:
        """Run tests, in a process that was forked for it."""
        session, plugins = self._session, self._session.config.pluginmanager
        random.seed()
        for name in ("terminalreporter", "terminalprogress"):
            if plugins.has_plugin(name):
                plugins.unregister(name=name)
        plugins.register(_Writer(session.config), name="terminalreporter")
        capture = plugins.getplugin("capturemanager")
        if capture is not None:
            capture.stop_global_capturing()
            capture.start_global_capturing()
            capture.suspend_global_capture(in_=True)
        plugins.register(_Reporting(session.config, reports))
        try:
            for item, following in self._with_following():
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.shouldfail or session.shouldstop or self._stop.is_set():
                    break
            reports.send("")
        except KeyboardInterrupt:
            sys.exit(2)  # what interrupts this process does so to that which started it
        finally:
            session._setupstate.teardown_exact(None)  # noqa: SLF001 - as a session's end does

    def _with_following(self) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
        """Yield tests, each with the next one, which decides what fixtures stay."""
        items = deque(self._next_file())
        while items:
            item = items.popleft()
            if not items:
                items.extend(self._next_file())
            yield item, items[0] if items else None

    def _next_file(self) -> list[pytest.Item]:
        number = os.read(self._todo, _NUMBER.size)
        return self._files[_NUMBER.unpack(number)[0]] if number else []


def _files(items: list[pytest.Item]) -> Iterator[list[pytest.Item]]:
    """Yield the tests of each file; those of files that share a fixture with parameters are mixed and stay together."""
    last = {item.path: number for number, item in enumerate(items)}
    file, end = list[pytest.Item](), 0
    for number, item in enumerate(items):
        file.append(item)
        end = max(end, last[item.path])
        if number == end:
            yield file
            file = []


class _Writer:
    """Has what `get_terminal_writer` looks for: pytest-timeout shows there where a test hangs."""

    def __init__(self, config: pytest.Config) -> None:
        self._tw = create_terminal_writer(config, sys.__stderr__)


class _Reporting:
    """Sends what is known of tests to the process that prints it."""

    def __init__(self, config: pytest.Config, reports: Connection[Any, Any]) -> None:
        self._config = config
        self._reports = reports

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._reports.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.send(self._config.hook.pytest_report_to_serializable(config=self._config, report=report))
