"""A worker whose awaits are watched: `python -m proofs.awaits.watched`.

Beside a worker's settings, its environment has:

- `AWAITS_NOTES`: a file to which each await is added when it is first met
- `AWAITS_TARGET`: the await at which the process kills itself; without it, it only takes notes
- `AWAITS_BUSY`: not empty where the target counts only with a job in hand
- `AWAITS_PATIENCE`: seconds that a job waits inside ComfyUI for others'. The shortest that an operator may set would be
  most of what a scenario takes.
"""

from __future__ import annotations

import asyncio
import builtins
import importlib
import os
import signal
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from proofs.awaits.places import HOOK, HOOK_FOR, HOOK_WITH, PACKAGE, instrumented

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Generator
    from importlib.machinery import ModuleSpec


class Watch:
    """Is told of each await, and kills the process at the one it is meant to.

    Args:
        target: `module:number`; empty only takes notes.
        notes: A file to which each await is added when it is first met, once without and once with a job in hand; with
            a target, that one alone.
        busy: Whether only an await with a job in hand counts.
    """

    def __init__(self, target: str, notes: Path, *, busy: bool) -> None:
        self._target = target
        self._notes = notes
        self._busy = busy
        self._met: set[tuple[str, bool]] = set()

    def at(self, module: str, number: int, awaitable: Any) -> Any:
        """Return what is to be awaited."""
        name, busy = f"{module}:{number}", self._has_job()
        if not self._target and (name, busy) not in self._met:
            self._met.add((name, busy))
            with self._notes.open("a") as file:
                file.write(f"{name} {int(busy)}\n")
        return _Last(awaitable, self._last_words) if name == self._target and (busy or not self._busy) else awaitable

    def _last_words(self) -> None:
        self._notes.write_text(f"{self._target} {int(self._has_job())}\n")

    def at_with(self, module: str, enter: int, leave: int, manager: Any) -> Any:
        """Return a context manager whose two ends are watched."""
        return _With(self, module, enter, leave, manager)

    def at_for(self, module: str, number: int, iterable: Any) -> Any:
        """Return an iterable whose every step is watched."""
        return _For(self, module, number, iterable)

    def _has_job(self) -> bool:
        return any(known.busy for known in KNOWN)


KNOWN: list[Any] = []
"""The worker's `Activity`, once it is made."""
MAIN: list[asyncio.Task[Any]] = []
"""The worker's main task, once it runs."""


class _Last:
    """Awaits for as long as nothing suspends the task; then notes that, and the process is no more."""

    def __init__(self, awaitable: Any, last_words: Callable[[], None]) -> None:
        self._awaitable = awaitable
        self._last_words = last_words

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            next(self._awaitable.__await__())
        finally:
            self._last_words()
            os.kill(os.getpid(), signal.SIGKILL)
        yield


class _With:
    def __init__(self, watch: Watch, module: str, enter: int, leave: int, manager: Any) -> None:
        self._watch, self._module, self._enter, self._leave, self._manager = watch, module, enter, leave, manager

    async def __aenter__(self) -> Any:
        return await self._watch.at(self._module, self._enter, self._manager.__aenter__())

    async def __aexit__(self, *error: object) -> Any:
        return await self._watch.at(self._module, self._leave, self._manager.__aexit__(*error))


class _For:
    def __init__(self, watch: Watch, module: str, number: int, iterable: Any) -> None:
        self._watch, self._module, self._number, self._iterator = watch, module, number, iterable.__aiter__()

    def __aiter__(self) -> _For:
        return self

    async def __anext__(self) -> Any:
        return await self._watch.at(self._module, self._number, self._iterator.__anext__())


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        source = Path(self.path).read_text()
        module = fullname.removeprefix(PACKAGE).lstrip(".") or "__init__"
        tree: ast.Module = instrumented(module, source)
        return compile(tree, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] != PACKAGE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def _tear_down(_number: int, _frame: Any) -> None:
    """Cancel the worker's main task, as a defect in one of its helpers would."""
    for task in MAIN:
        task.cancel()


def main() -> None:
    """Be a worker."""
    watch = Watch(
        os.environ.get("AWAITS_TARGET", ""), Path(os.environ["AWAITS_NOTES"]), busy=bool(os.environ.get("AWAITS_BUSY"))
    )
    for name, hook in ((HOOK, watch.at), (HOOK_WITH, watch.at_with), (HOOK_FOR, watch.at_for)):
        setattr(builtins, name, hook)
    sys.meta_path.insert(0, _Finder())
    activity = importlib.import_module(f"{PACKAGE}.health.activity").Activity
    make = activity.__init__

    def noted(self: Any, *args: Any, **named: Any) -> None:
        make(self, *args, **named)
        KNOWN.append(self)

    activity.__init__ = noted
    signal.signal(signal.SIGUSR2, _tear_down)
    app = importlib.import_module(f"{PACKAGE}.app")
    run = app.run

    async def noted_run(*args: Any) -> None:
        MAIN.append(cast("asyncio.Task[Any]", asyncio.current_task()))
        await run(*args)

    app.run = noted_run  # type: ignore[attr-defined]
    app.main()


if __name__ == "__main__":
    main()
