"""Every place in its own modules at which a worker can be suspended while it has a job: found in the source.

What a module of the worker awaits is on the job's path unless the module is named here as one that is not.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "qwenedit_worker"
BESIDE = {
    "app": "builds the parts, and waits for the signal to end",
    "health.heartbeat": "tells the operator of the worker, and knows of no job",
    "health.comfyui_watch": "asks whether ComfyUI is there, and knows of no job",
    "comfyui.server.requirements": "the same",
    "stores": "asks at the start whether Redis and the store of objects can be used, and knows of no job",
}
"""Modules that are not on the job's path, and why."""
SHOWN = 60
"""Characters of what is awaited."""
HOOK, HOOK_WITH, HOOK_FOR = "__at__", "__at_with__", "__at_for__"


@dataclass(frozen=True)
class Await:
    """A point of suspension."""

    module: str
    """Below the package."""
    number: int
    """Among those of its module, in the order of its source."""
    line: int
    function: str
    text: str

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return f"{self.module}:{self.number}"

    def __str__(self) -> str:
        return f"{self.module.replace('.', '/')}.py:{self.line} {self.function}: {self.text}"


def folder() -> Path:
    """Return where the worker's modules lie."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(PACKAGE)
    return Path(spec.origin).parent


def all_awaits(package: Path | None = None) -> list[Await]:
    """Find all points on the job's path."""
    package = package or folder()
    found = []
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        if module not in BESIDE:
            found += points(module, path.read_text())
    return found


def points(module: str, source: str) -> list[Await]:
    """Find the points of one module."""
    finder = _Instrument(module)
    finder.visit(ast.parse(source))
    return finder.found


def instrumented(module: str, source: str) -> ast.Module:
    """Return a module in which each point is handed to a hook first, with its number."""
    tree = _Instrument(module).visit(ast.parse(source))
    return ast.fix_missing_locations(tree)  # type: ignore[no-any-return]


class _Instrument(ast.NodeTransformer):
    def __init__(self, module: str) -> None:
        self._module = module
        self._where: list[str] = []
        self.found: list[Await] = []

    def _point(self, node: ast.expr, text: str) -> int:
        number = len(self.found)
        self.found.append(Await(self._module, number, node.lineno, ".".join(self._where), text))
        return number

    def _hooked(self, hook: str, value: ast.expr, *numbers: int) -> ast.expr:
        name = ast.Constant(self._module)
        arguments = [name, *(ast.Constant(number) for number in numbers), value]
        return ast.copy_location(ast.Call(ast.Name(hook, ast.Load()), arguments, []), value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._inside(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        self._where.append(node.name)
        self.generic_visit(node)
        self._where.pop()
        return node

    def visit_Await(self, node: ast.Await) -> ast.AST:
        number = self._point(node, f"await {_short(node.value)}")
        self.generic_visit(node)
        node.value = self._hooked(HOOK, node.value, number)
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        numbers = [
            (
                self._point(each, f"async with {_short(each)}, enter"),
                self._point(each, f"async with {_short(each)}, exit"),
            )
            for each in (item.context_expr for item in node.items)
        ]
        self.generic_visit(node)
        for item, (enter, leave) in zip(node.items, numbers, strict=True):
            item.context_expr = self._hooked(HOOK_WITH, item.context_expr, enter, leave)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        number = self._point(node.iter, f"async for {_short(node.iter)}")
        self.generic_visit(node)
        node.iter = self._hooked(HOOK_FOR, node.iter, number)
        return node


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
