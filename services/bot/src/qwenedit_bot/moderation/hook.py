"""Moderation by a service of the operator's, over HTTP; docs/moderation.md says what it gets and answers."""

from __future__ import annotations

import asyncio
import json
import ssl
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import structlog

from qwenedit_bot.common import timeouts
from qwenedit_bot.common.sure_writes import SureWrites
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.metrics import BotMetrics

log = structlog.get_logger(__name__)


class ModerationVerdict(StrEnum):
    """What the hook says."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNCHECKED = "unchecked"
    """It could not be asked: nothing passes unchecked."""


class _HookError(Exception):
    """The hook gave no usable answer; says in a word why."""


class ModerationHook:
    """Asks the hook. Made in a running event loop. Each question may raise `RedisError`, and may then be asked again.

    Neither address nor token appears in any log or error: both may be secret.
    """

    def __init__(
        self, url: SecretStr, *, token: SecretStr | None, redis: Redis, keys: BotKeys, metrics: BotMetrics
    ) -> None:
        self._url = url
        self._redis = redis
        self._writes = SureWrites(redis)
        self._keys = keys
        self._metrics = metrics
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeouts.MODERATION_ATTEMPT),
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),  # aiohttp's own is older than a `.env`
            trust_env=True,
            headers={"Authorization": f"Bearer {token.get_secret_value()}"} if token else {},
        )

    async def aclose(self) -> None:
        """Close its connections."""
        await self._session.close()

    async def of_request(self, job_id: str, instruction: str, pictures: Sequence[bytes]) -> ModerationVerdict:
        """Judge a wish before it becomes a job."""
        return await self._ask("request", job_id, instruction, pictures)

    async def of_result(self, job_id: str, instruction: str, picture: bytes, digest: str) -> ModerationVerdict:
        """Judge a result before it is shown, each picture once, however often its answer is tried."""
        before, judged = await self._known(job_id)
        if before is not None and judged == digest:
            return before
        verdict = await self._ask("result", job_id, instruction, [picture])
        noted = f"{verdict.value} {digest}"
        await self._writes.note(self._keys.judged(job_id), noted, seconds=timeouts.VERDICT)
        return verdict

    async def withheld(self, job_id: str) -> ModerationVerdict | None:
        """Return why a result may not be shown, where that was found before."""
        verdict, _digest = await self._known(job_id)
        return None if verdict is ModerationVerdict.ALLOWED else verdict

    async def _known(self, job_id: str) -> tuple[ModerationVerdict | None, str]:
        verdict, _, digest = str(await self._redis.get(self._keys.judged(job_id)) or "").partition(" ")
        return ModerationVerdict(verdict) if verdict else None, digest

    async def _ask(self, stage: str, job_id: str, instruction: str, pictures: Sequence[bytes]) -> ModerationVerdict:
        with tracing.span(f"moderate {stage}", kind=tracing.Kind.CLIENT) as span:
            verdict, error = await self._patiently(stage, job_id, instruction, pictures)
            span.set({attributes.OUTCOME: error or verdict.value})
            if error:
                span.fail(error)
        self._metrics.moderation.labels(stage, "error" if error else verdict.value).inc()
        if error:
            log.error("moderation.failed", stage=stage, error=error)
        elif verdict is ModerationVerdict.REFUSED:
            log.info("moderation.refused", stage=stage)
        return verdict

    async def _patiently(
        self, stage: str, job_id: str, instruction: str, pictures: Sequence[bytes]
    ) -> tuple[ModerationVerdict, str]:
        error = ""
        for pause in (0.0, 0.2, 1.0):
            await asyncio.sleep(pause)
            try:
                return await self._once(stage, job_id, instruction, pictures), ""
            except _HookError as failed:
                error = str(failed)
        return ModerationVerdict.UNCHECKED, error

    async def _once(self, stage: str, job_id: str, instruction: str, pictures: Sequence[bytes]) -> ModerationVerdict:
        form = aiohttp.FormData()
        about = {"stage": stage, "job": job_id, "instruction": instruction}
        form.add_field("about", json.dumps(about), content_type="application/json")
        for number, picture in enumerate(pictures, 1):
            kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
            form.add_field("picture", picture, filename=f"{number}.{kind}", content_type=f"image/{kind}")
        try:
            # A redirect would send users' pictures to an address that no operator has set.
            async with self._session.post(self._url.get_secret_value(), data=form, allow_redirects=False) as response:
                if response.status != HTTPStatus.OK:
                    raise _HookError(f"status {response.status}")
                answer = json.loads(await _body(response))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _HookError(type(error).__name__) from None
        allow = answer.get("allow") if isinstance(answer, dict) else None
        if not isinstance(allow, bool):
            raise _HookError("no `allow`")
        return ModerationVerdict.ALLOWED if allow else ModerationVerdict.REFUSED


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer to its end, in however many parts it comes."""
    body = b""
    async for part in response.content.iter_any():
        body += part
        if len(body) > 64 * 1024:
            raise _HookError("an answer that is too long")
    return body
