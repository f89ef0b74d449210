"""The environment that parts are started with."""

from __future__ import annotations

import os

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""What a process needs of its surroundings. No setting of ours is among them."""


def bare_environment(**settings: str) -> dict[str, str]:
    """Make an environment that holds the given settings and none that happen to be set where we run, or in a `.env`."""
    inherited = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**inherited, "PYTHONUNBUFFERED": "1", "ENV_FILE": "", **settings}


def inherited_environment(**settings: str) -> dict[str, str]:
    """Make an environment in which the person's own settings hold, except where they would join wrong parts."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", **settings}
