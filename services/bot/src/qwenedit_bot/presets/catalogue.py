"""Ready-made edits that users choose by buttons, as the operator's file has them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from qwenedit_bot.presets import yaml_lines
from qwenedit_bot.texts import LANGUAGES
from qwenedit_jobs.model import MAX_PARAMETER_LENGTH, MAX_PARAMETERS, MAX_PICTURES, Name, Parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

LARGEST = 1 << 20
"""Bytes of a file; a ConfigMap cannot have more."""
MAX_PROMPT = 1000
"""Characters, the same that users may write."""
MAX_CATEGORIES = 20
MAX_PER_CATEGORY = 100

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""Short enough for a button's 64 bytes of data."""


class PresetsError(Exception):
    """A file of presets cannot be used."""


def text_in(texts: Mapping[str, str], language: str) -> str:
    """Return a preset's text in a language, or else in the bot's first one."""
    return texts.get(language) or texts[LANGUAGES[0]]


def _in_languages_of_the_bot(texts: Mapping[str, str]) -> Mapping[str, str]:
    if LANGUAGES[0] not in texts or set(texts) - set(LANGUAGES):
        raise ValueError(f"it needs a text in {LANGUAGES[0]}, and may have one in each of {', '.join(LANGUAGES[1:])}")
    return texts


Label = Annotated[
    Mapping[str, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]],
    AfterValidator(_in_languages_of_the_bot),
]
"""Language → words on a button, which must fit half a phone's width."""
Sentence = Annotated[
    Mapping[str, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]],
    AfterValidator(_in_languages_of_the_bot),
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preset(_Frozen):
    """One ready-made edit."""

    id: Id
    name: Label
    prompt: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROMPT)]
    example: Sentence
    """What comes out of it."""
    keywords: Sentence | None = None
    """Words by which it is found, beside those of its name and example."""
    photos: int = Field(default=1, ge=1, le=MAX_PICTURES)
    asks: tuple[Label, ...] = ()
    """What each photo shows, where there are several."""
    workflow: Name | None = None
    parameters: Parameters = Field(default_factory=dict)
    """Values for what the workflow's binding file names."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.photos > 1 and len(self.asks) != self.photos:
            raise ValueError(f"asks must say what each of the {self.photos} photos shows")
        return self


class Category(_Frozen):
    """Presets that belong together."""

    id: Id
    name: Label
    presets: tuple[Preset, ...] = Field(min_length=1, max_length=MAX_PER_CATEGORY)


class Catalogue(_Frozen):
    """All presets of a file."""

    categories: tuple[Category, ...] = Field(min_length=1, max_length=MAX_CATEGORIES)

    def category(self, category_id: str) -> Category | None:
        """Find a category; None when the file no longer has it."""
        return next((category for category in self.categories if category.id == category_id), None)

    def preset(self, preset_id: str) -> Preset | None:
        """Find a preset; None when the file no longer has it."""
        return next((preset for c in self.categories for preset in c.presets if preset.id == preset_id), None)

    def category_of(self, preset_id: str) -> Category | None:
        """Find the category that has a preset."""
        return next((c for c in self.categories if any(preset.id == preset_id for preset in c.presets)), None)

    def has_prompt(self, prompt: str) -> bool:
        """Whether an instruction is a preset's."""
        return any(preset.prompt == prompt for category in self.categories for preset in category.presets)

    @property
    def size(self) -> int:
        """How many presets there are."""
        return sum(len(category.presets) for category in self.categories)


MOST_TOLD = 10
"""Problems that are told at a time."""
PARAMETERS_ARE = f"up to {MAX_PARAMETERS} names with a number or a text of up to {MAX_PARAMETER_LENGTH} characters each"

_REASONS = {
    "extra_forbidden": "there is no such field",
    "missing": "it is missing",
    "dict_type": "it must be a mapping",
    "mapping_type": "it must be a mapping",
    "model_type": "it must be a mapping",
    "tuple_type": "it must be a list",
    "too_short": "it must not be empty",
}


def shipped() -> str:
    """Return the file that comes with the bot."""
    return (files("qwenedit_bot.presets") / "presets.yaml").read_text(encoding="utf-8")


def read(text: str) -> Catalogue:
    """Read a file of presets.

    Raises:
        PresetsError: it cannot be used; the text names the line and what is wrong there, one line a problem.
    """
    try:
        document = yaml_lines.parse(text)
    except yaml_lines.YamlError as error:
        raise PresetsError(str(error)) from None
    try:
        catalogue = Catalogue.model_validate(document.data)
    except ValidationError as error:
        raise PresetsError(_described(document, error.errors())) from None
    _refuse_repeated_ids(document, catalogue)
    return catalogue


def _described(document: yaml_lines.Document, problems: list[ErrorDetails]) -> str:
    """Say once for each place what is wrong there, in the file's order."""
    said: dict[tuple[int, str], str] = {}
    for problem in problems:
        path = _place(problem["loc"])
        if problem["type"] == "too_short" and any(len(_place(other["loc"])) > len(path) for other in problems):
            continue  # pydantic counts only what is right in it
        reason = _REASONS.get(problem["type"]) or problem["msg"].removeprefix("Value error, ")
        if "parameters" in path:
            reason = PARAMETERS_ARE
        said.setdefault((document.line(path), ".".join(map(str, path)) or "the file"), reason)
    return "\n".join(f"line {line}: {where}: {reason}" for (line, where), reason in sorted(said.items())[:MOST_TOLD])


def _place(location: Sequence[str | int]) -> list[str | int]:
    """Leave out what pydantic adds to a path: marks of keys, and the member of a union that it tried."""
    path: list[str | int] = [step for step in location if step != "[key]"]
    return path[: path.index("parameters") + 2] if "parameters" in path else path


def _refuse_repeated_ids(document: yaml_lines.Document, catalogue: Catalogue) -> None:
    places: list[tuple[str, tuple[str | int, ...]]] = []
    for c, category in enumerate(catalogue.categories):
        places.append((f"category {category.id}", ("categories", c, "id")))
        for p, preset in enumerate(category.presets):
            places.append((f"preset {preset.id}", ("categories", c, "presets", p, "id")))
    seen: dict[str, int] = {}
    for name, path in places:
        line = document.line(path)
        if name in seen:
            raise PresetsError(f"line {line}: {name} is there already, in line {seen[name]}")
        seen[name] = line
