"""The reader that asks a language model of the operator's; docs/conversation.md says how it's chosen."""

from __future__ import annotations

import ssl
import time
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import structlog
from pydantic import BaseModel, Field

from qwenedit_bot.understanding import model_answer
from qwenedit_bot.understanding.exact_words import meaning_of
from qwenedit_bot.understanding.model_answer import RefusedAnswerError, UnreadableAnswerError
from qwenedit_bot.understanding.reader import Action, Screen, Shown, Stage, Verb
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

    from qwenedit_bot.common.metrics import BotMetrics

FAILURES, REST = 3, 30.0
"""Failures in a row after which the model isn't asked, and the seconds of that."""
CHECK = 20.0
"""Seconds for each question of the check at the start: a server may load the model first."""
LONGEST_BODY = 64 * 1024
STATUSES = {
    400: "the server doesn't know LLM_MODEL, or takes no JSON schema",
    401: "set LLM_API_KEY to a key that the server takes",
    403: "set LLM_API_KEY to a key that may use LLM_MODEL",
    404: "the server doesn't know LLM_MODEL, or LLM_URL lacks its end, usually /v1",
    422: "the server doesn't know LLM_MODEL, or takes no JSON schema",
    429: "the server of LLM_URL limits the bot's rate",
}
"""What to change, by the status of a refusal."""

log = structlog.get_logger(__name__)


class Reason(StrEnum):
    """Why a text is understood by the one reader or the other."""

    OK = "ok"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    STATUS = "status"
    LENGTH = "length"
    """The answer was cut off."""
    FORMAT = "format"
    REFUSED = "refused"
    """The answer asks for what can't be."""
    RESTING = "resting"
    """It wasn't asked, because it failed several times."""
    LONG_TEXT = "long_text"
    """It wasn't asked, because its answer couldn't repeat the words."""


class _FailedError(Exception):
    """The model gave no usable answer; `error` says more in a word or two, and quotes nobody."""

    def __init__(self, reason: Reason, error: str, status: int = 0) -> None:
        super().__init__(error)
        self.reason, self.error, self.status = reason, error, status


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class LanguageModel:
    """Asks a server with OpenAI's chat completions once for each text. Made in a running event loop.

    Neither texts nor address nor key appear in any log, metric or span.
    """

    def __init__(
        self,
        url: SecretStr,
        *,
        model: str,
        key: SecretStr | None,
        timeout: float,
        longest: int,
        metrics: BotMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build it.

        Args:
            url: What OpenAI's clients call the base URL, such as `http://ollama:11434/v1`.
            model: Its name at the server.
            key: Sent as a bearer token; None sends none.
            timeout: Seconds for an answer.
            longest: Characters that an instruction may have.
            metrics: Where the outcome is counted.
            clock: Monotonic, in seconds.
        """
        self._url = f"{url.get_secret_value().rstrip('/')}/chat/completions"
        self._model, self._timeout, self._longest = model, timeout, longest
        self._metrics = metrics
        self._clock = clock
        self._failures, self._rests_until = 0, -REST
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),  # aiohttp's own is older than a `.env`
            trust_env=True,
            headers={"Authorization": f"Bearer {key.get_secret_value()}"} if key else {},
        )

    async def aclose(self) -> None:
        """Close its connections."""
        await self._session.close()

    async def read(self, text: str, screen: Screen) -> Action:
        """Return what a text asks for; without a usable answer, what the exact words say."""
        action, reason = await self._understand(text, screen)
        reader = "exact_words" if action is None else "language_model"
        self._metrics.understood.labels(reader, reason).inc()
        return meaning_of(text, screen) if action is None else action

    async def _understand(self, text: str, screen: Screen) -> tuple[Action | None, Reason]:
        if self._clock() < self._rests_until:
            return None, Reason.RESTING
        if len(text) > model_answer.LONGEST_TEXT:
            return None, Reason.LONG_TEXT
        try:
            action = await self._ask(text, screen, self._timeout)
        except RefusedAnswerError:
            self._failures = 0
            return None, Reason.REFUSED
        except _FailedError as failed:
            self._note(failed)
            return None, failed.reason
        self._failures = 0
        return action, Reason.OK

    def _note(self, failed: _FailedError) -> None:
        self._failures += 1
        rest = REST if self._failures >= FAILURES else 0.0
        if rest:
            self._rests_until = self._clock() + rest
        log.warning("language_model.failed", reason=failed.reason.value, error=failed.error, next_in=rest)

    async def _ask(self, text: str, screen: Screen, seconds: float) -> Action:
        about = {
            attributes.GEN_AI_OPERATION: "chat",
            attributes.GEN_AI_PROVIDER: "openai",  # whose interface it is
            attributes.GEN_AI_MODEL: self._model,
        }
        with tracing.span(f"chat {self._model}", kind=tracing.Kind.CLIENT, attributes=about) as span:
            try:
                content = await self._complete(text, screen, seconds, span)
                return model_answer.action_of(model_answer.parse(content), screen, longest=self._longest)
            except TimeoutError:
                failed = _FailedError(Reason.TIMEOUT, f"none within {seconds:g} s")
            except UnreadableAnswerError:
                failed = _FailedError(Reason.FORMAT, "not in the schema's form")
            except (aiohttp.ClientError, OSError) as error:
                failed = _FailedError(Reason.CONNECTION, type(error).__name__)
            except ValueError as error:
                failed = _FailedError(Reason.FORMAT, type(error).__name__)
            except RefusedAnswerError:
                span.fail(Reason.REFUSED)
                raise
            except _FailedError as error:
                failed = error
            span.fail(failed.reason)
            raise failed

    async def _complete(self, text: str, screen: Screen, seconds: float, span: tracing.Span) -> str:
        """Return the model's text."""
        asked = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": model_answer.SYSTEM},
                {"role": "user", "content": model_answer.question(text, screen)},
            ],
            "temperature": 0,
            "max_tokens": model_answer.MAX_TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "meaning", "strict": True, "schema": model_answer.schema()},
            },
        }
        # A redirect would send users' words to an address that no operator has set.
        async with self._session.post(
            self._url, json=asked, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=seconds)
        ) as response:
            if response.status != HTTPStatus.OK:
                raise _FailedError(Reason.STATUS, f"status {response.status}", response.status)
            completion = _Completion.model_validate_json(await _body(response))
        choice = completion.choices[0]
        if completion.usage is not None:
            span.set(
                {
                    attributes.GEN_AI_INPUT_TOKENS: completion.usage.prompt_tokens,
                    attributes.GEN_AI_OUTPUT_TOKENS: completion.usage.completion_tokens,
                }
            )
        if choice.finish_reason == "length":
            raise _FailedError(Reason.LENGTH, f"more than {model_answer.MAX_TOKENS} tokens")
        if not choice.message.content:
            raise _FailedError(Reason.FORMAT, "empty")
        return choice.message.content

    async def check(self) -> None:
        """Ask once, and log in words what an operator must change; a slow first answer gets a second chance."""
        screen, wrong, took = Screen((Shown("p1", Stage.PHOTO),), about="p1"), "", 0.0
        for _ in range(2):
            began = self._clock()
            try:
                action = await self._ask("make it snow", screen, CHECK)
            except (RefusedAnswerError, _FailedError) as error:
                wrong = _advice(error)
                break
            took = self._clock() - began
            if action.verb is not Verb.EDIT:
                wrong = 'it takes "make it snow" for something else than a wish: set LLM_MODEL to a better one'
                break
            if took <= self._timeout:
                break
        else:
            wrong = f"it took {took:.1f} s, above LLM_TIMEOUT: set LLM_MODEL to a faster one, or raise LLM_TIMEOUT"
        if wrong:
            log.warning("language_model.unusable", reason=wrong)
        else:
            log.info("language_model.checked", seconds=round(took, 1))


def _advice(error: RefusedAnswerError | _FailedError) -> str:
    """Say which setting to change."""
    if isinstance(error, RefusedAnswerError):
        return "it names what isn't there: set LLM_MODEL to a better one"
    remedy = {
        Reason.TIMEOUT: "set LLM_MODEL to a faster one, or turn its reasoning off",
        Reason.CONNECTION: "LLM_URL can't be reached",
        Reason.STATUS: STATUSES.get(error.status, "the server of LLM_URL fails, or takes no JSON schema"),
    }
    otherwise = "it doesn't follow the JSON schema: turn its reasoning off, or set another LLM_MODEL"
    return f"{remedy.get(error.reason, otherwise)} ({error.error})"


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer to its end, in however many parts it comes."""
    body = b""
    async for part in response.content.iter_any():
        body += part
        if len(body) > LONGEST_BODY:
            raise _FailedError(Reason.FORMAT, "too long")
    return body
