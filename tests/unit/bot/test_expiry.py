"""A key and its TTL are written together: what is cut off between the two would stay in Redis for ever."""

import ast
from collections.abc import Iterator
from pathlib import Path

import qwenedit_bot

SOURCES = Path(qwenedit_bot.__file__).parent
TTL = {"expire", "pexpire", "expireat", "pexpireat"}


def apart(code: str) -> Iterator[str]:
    """Name the keys of a module that get their TTL in a command apart."""
    for function in ast.walk(ast.parse(code)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = ast.unparse(function)
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                continue
            together = ast.unparse(call.func.value) == "pipeline" and "transaction=False" not in body
            if call.func.attr in TTL and call.args and not together:
                yield ast.unparse(call.args[0])


def test_key_is_never_written_without_its_ttl():
    found = {
        f"{path.relative_to(SOURCES)}: {key}"
        for path in SOURCES.rglob("*.py")
        for key in apart(path.read_text("utf-8"))
    }
    assert found == set()
