"""Fixtures that every kind of test may use."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _as_found() -> Iterator[None]:
    """Leave logging as it was found: a test that configures it must not speak for the next one."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()
