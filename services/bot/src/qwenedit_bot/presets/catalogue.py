"""The presets: ready-made edits that users choose by buttons, read from the operator's file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from qwenedit_bot.texts import LANGUAGES
from qwenedit_jobs.model import MAX_PICTURES, Name, Parameters

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

ADDED = "\n\n"
"""Separates a preset's instruction from its user's addition."""

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Short enough for a button's 64 bytes of data."""


class PresetsError(Exception):
    """A file of presets can't be used."""


def text_in(texts: Mapping[str, str], language: str) -> str:
    """Return a preset's text in a language, or in the bot's first one."""
    return texts.get(language) or texts[LANGUAGES[0]]


def _in_languages_of_the_bot(texts: Mapping[str, str]) -> Mapping[str, str]:
    if LANGUAGES[0] not in texts or set(texts) - set(LANGUAGES):
        raise ValueError(f"it needs a text in {LANGUAGES[0]}, and may have one in each of {', '.join(LANGUAGES[1:])}")
    return texts


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Translated = Annotated[Mapping[str, Words], AfterValidator(_in_languages_of_the_bot)]
"""Language → words. A button whose words are longer than half a phone's width gets a row of its own."""


class _PresetModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preset(_PresetModel):
    """One ready-made edit."""

    id: Id
    name: Translated
    prompt: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    example: Translated
    """A description of the result."""
    photos: int = Field(default=1, ge=1, le=MAX_PICTURES)
    asks: tuple[Translated, ...] = ()
    """What each photo shows, if there are several."""
    workflow: Name | None = None
    parameters: Parameters = Field(default_factory=dict)
    """Values for the parameters in the workflow's binding file."""

    def with_words(self, words: str) -> str:
        """Return the instruction with the user's own words appended."""
        return f"{self.prompt}{ADDED}{words}" if words else self.prompt

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.photos > 1 and len(self.asks) != self.photos:
            raise ValueError(f"asks must say what each of the {self.photos} photos shows")
        return self


class Category(_PresetModel):
    """Presets that belong together."""

    id: Id
    name: Translated
    presets: tuple[Preset, ...] = Field(min_length=1, max_length=40)  # as one message shows


class Catalogue(_PresetModel):
    """All presets of a file."""

    categories: tuple[Category, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        for what in (self.categories, self.presets):
            ids = [each.id for each in what]
            if twice := [each for each in ids if ids.count(each) > 1]:
                raise ValueError(f"the id {twice[0]} is there twice")
        return self

    @property
    def presets(self) -> list[Preset]:
        """The presets of all categories."""
        return [preset for category in self.categories for preset in category.presets]

    def category(self, category_id: str) -> Category | None:
        """Find a category; None if the file no longer has it."""
        return next((category for category in self.categories if category.id == category_id), None)

    def preset(self, preset_id: str) -> Preset | None:
        """Find a preset; None if the file no longer has it."""
        return next((preset for preset in self.presets if preset.id == preset_id), None)

    def category_of(self, preset_id: str) -> Category | None:
        """Find a preset's category."""
        return next((c for c in self.categories if any(preset.id == preset_id for preset in c.presets)), None)

    def said(self, prompt: str, language: str) -> str:
        """Return an instruction as users see it: a preset's name instead of its text."""
        preset = self._preset_in(prompt)
        if preset is None:
            return prompt
        name, added = text_in(preset.name, language), self.words_in(prompt)
        return f"{name}: {added}" if added else name

    def words_in(self, prompt: str) -> str:
        """Return the user's part of an instruction: all of it, or what was added to a preset."""
        preset = self._preset_in(prompt)
        return prompt if preset is None else prompt.removeprefix(preset.prompt).removeprefix(ADDED)

    def reworded(self, prompt: str, words: str) -> str:
        """Return an instruction with its user's part replaced."""
        preset = self._preset_in(prompt)
        return words if preset is None else preset.with_words(words)

    def _preset_in(self, prompt: str) -> Preset | None:
        return self._by_prompt.get(prompt) or self._by_prompt.get(prompt.partition(ADDED)[0])

    @cached_property
    def _by_prompt(self) -> Mapping[str, Preset]:
        return {preset.prompt: preset for preset in self.presets}


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml is ten times as fast."""


def shipped() -> str:
    """Return the file that comes with the bot."""
    return (files("qwenedit_bot.presets") / "presets.yaml").read_text(encoding="utf-8")


def load(path: Path | None) -> Catalogue:
    """Read the operator's file, or the one that comes with the bot.

    Raises:
        PresetsError: the file can't be read or used.
    """
    try:
        return parse_catalogue(shipped() if path is None else path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PresetsError(f"{path}: {error}") from None


def parse_catalogue(text: str) -> Catalogue:
    """Read a file of presets.

    Raises:
        PresetsError: it can't be used; the message has a line for each problem, with its preset and field.
    """
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError is a date such as 2026-13-45
        raise PresetsError(f"this is not YAML: {' '.join(str(error).split())}") from None
    try:
        return Catalogue.model_validate(document)
    except ValidationError as error:
        # pydantic leaves wrong items out of a list, and then calls the list too short
        problems = [each for each in error.errors() if each["type"] != "too_short"] or error.errors()
        raise PresetsError("\n".join(_described(document, problem) for problem in problems[:10])) from None


def _described(document: Any, problem: ErrorDetails) -> str:
    """Describe a problem and its place, by the IDs of its category and preset if they have one."""
    part, place = document, []
    for step in problem["loc"]:
        try:
            part = part[step]
        except (LookupError, TypeError):
            part = None
        named = isinstance(step, int) and isinstance(part, dict) and part.get("id")
        place.append(str(named or step))
    return f"{'.'.join(place) or 'the file'}: {problem['msg'].removeprefix('Value error, ')}"
