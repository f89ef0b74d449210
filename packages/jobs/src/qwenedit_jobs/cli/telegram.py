"""Telegram as the bot's pod reaches it, for `qwenedit status`."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import URLError

from qwenedit_jobs.cli.output import duration

OFFICIAL = "https://api.telegram.org"
TIMEOUT = 5.0
"""Seconds."""
LATELY = 300.0
"""Seconds within which a webhook's last error is told."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of a call."""

    said: str
    trouble: str = ""


async def reach_telegram() -> Reached | None:
    """Ask Telegram how it delivers updates; None where there is no token, such as on a worker's pod."""
    token, url = os.environ.get("BOT_TOKEN", "").strip(), os.environ.get("TELEGRAM_API_URL") or OFFICIAL
    if not token:
        return None
    try:
        found = await asyncio.to_thread(_asked, f"{url}/bot{token}/getWebhookInfo")
    except OSError as error:
        why = str(error.reason if type(error) is URLError else error)
    except (ValueError, KeyError, HTTPException) as error:
        why = type(error).__name__  # a malformed address is quoted in its error, and holds the token
    else:
        waiting = f"{url} answers; {found.get('pending_update_count', 0)} updates wait there"
        ago = time.time() - float(found.get("last_error_date", 0))
        refused = f"the webhook refused an update {duration(ago)} ago: {found.get('last_error_message')}"
        return Reached(waiting, refused if ago < LATELY else "")
    return Reached(f"{url}: {why}", f"Telegram at {url} can't be reached, or refuses: {why}")


def _asked(address: str) -> dict[str, str]:
    with urllib.request.urlopen(address, timeout=TIMEOUT) as reply:  # noqa: S310 - the operator's own address
        result: dict[str, str] = json.load(reply)["result"]
        return result
