"""Parts as processes: what a test or `make run` may rely on."""

from __future__ import annotations

import signal
import sys

from local_stack import Part, bare_environment, by_line

TERM = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: {})
print("ready", flush=True)
while True:
    signal.pause()
"""
STUBBORN = TERM.format("print('no', flush=True)")


def python(code: str, **options) -> Part:
    options.setdefault("env", bare_environment())
    return Part("python", (sys.executable, "-c", code), ready=by_line("ready"), **options)


async def test_part_that_does_not_stop_is_asked_twice_and_then_killed(monkeypatch):
    monkeypatch.setattr("local_stack.processes.part.INSIST_TIMEOUT", 0.2)
    part = python(STUBBORN)
    await part.start()
    sent, send = [], part.signal

    def note(number):
        sent.append(number)
        send(number)

    monkeypatch.setattr(part, "signal", note)
    assert await part.stop(timeout=0.2) == -signal.SIGKILL
    assert sent == [signal.SIGTERM, signal.SIGTERM, signal.SIGKILL]
