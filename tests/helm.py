"""Helm's library, loaded when it's used: it's written in Go, whose threads are lost in the forks that run the tests."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    import helm_python  # noqa: PLC0415

    return getattr(helm_python, name)
