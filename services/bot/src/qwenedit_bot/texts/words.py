"""The messages of the locale files, and how one is said in a user's language."""

from __future__ import annotations

from enum import EnumType, StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from fluent.runtime import FluentBundle
from fluent.syntax import FluentParser
from fluent.syntax.ast import Junk, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fluent.syntax.ast import Resource

LANGUAGES = ("en", "ru")
"""The languages that the bot speaks, each with its file in `locales`. The first stands in where a text is missing."""


class TextError(Exception):
    """A locale file lacks a message, or a message lacks a value: a defect of ours."""


@cache
def _resource(language: str) -> Resource:
    source = (files("qwenedit_bot.texts") / "locales" / f"{language}.ftl").read_text(encoding="utf-8")
    resource = FluentParser(with_spans=False).parse(source)
    junk = [entry.content for entry in resource.body if isinstance(entry, Junk)]
    if junk:
        raise TextError(f"{language}.ftl: cannot read {junk[0]!r}")
    return resource


class _FromFile(EnumType):
    def __getattr__(cls, name: str) -> Text:
        """Have type checkers accept the members, whose names only the file has. A test checks each that is used."""
        raise AttributeError(f"{LANGUAGES[0]}.ftl has no message for Text.{name}")


class Text(StrEnum, metaclass=_FromFile):
    """The messages of the first language's file, by their ids: `Text.ASK_INSTRUCTION` is `ask-instruction`."""

    vars().update(
        (each.id.name.upper().replace("-", "_"), each.id.name)
        for each in _resource(LANGUAGES[0]).body
        if isinstance(each, Message)
    )


class Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._bundle = FluentBundle([language], use_isolating=False)
        self._bundle.add_resource(_resource(language))

    def __call__(self, text: Text, **values: str | float) -> str:
        """Return a text in this language.

        Raises:
            TextError: the message or one of its values is missing.
        """
        pattern = self._bundle.get_message(text).value if self._bundle.has_message(text) else None
        if pattern is None:
            raise TextError(f"{self.language}.ftl has no message {text}")
        said, errors = self._bundle.format_pattern(pattern, values)
        if errors:
            raise TextError(f"{self.language}.ftl: {text}: {errors[0]!r}")
        return str(said)


class Texts:
    """All languages. Users whose own isn't among them get the first one, English."""

    def __init__(self) -> None:
        self._words: Mapping[str, Words] = {language: Words(language) for language in LANGUAGES}

    def of(self, code: str | None) -> Words:
        """Return the words for an IETF language tag such as `ru-RU`, as Telegram sends it."""
        primary = (code or "").lower().partition("-")[0]
        return self._words.get(primary) or self._words[LANGUAGES[0]]
