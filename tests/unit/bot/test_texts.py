from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor as FluentVisitor

import qwenedit_bot
from qwenedit_bot.handlers.others import KINDS
from qwenedit_bot.pictures import Refusal
from qwenedit_bot.texts import LANGUAGES, Text, TextError, Texts, Words
from qwenedit_jobs import Reason

VALUES: dict[str, str | float] = {
    "length": 1500, "limit": 1000, "hours": 24, "kind": "sticker", "position": 3, "step": 2, "steps": 4, "bar": "▰▱",
    "seconds": 12, "reason": "timeout", "megabytes": 25, "why": "too_small", "width": "1", "height": "1", "count": 2,
}  # fmt: skip


def resource(language: str) -> ast.Resource:
    source = (files("qwenedit_bot") / "locales" / f"{language}.ftl").read_text(encoding="utf-8")
    return FluentParser().parse(source)


def variants(language: str, message: str) -> set[str]:
    entry = next(e for e in resource(language).body if isinstance(e, ast.Message) and e.id.name == message)
    found: set[str] = set()

    class Collect(FluentVisitor):
        def visit_Variant(self, node: ast.Variant) -> None:  # noqa: N802 - Fluent's name
            found.add(node.key.name if isinstance(node.key, ast.Identifier) else node.key.value)

    Collect().visit(entry)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_exists_in_every_language_and_no_other(language: str) -> None:
    assert {e.id.name for e in resource(language).body if isinstance(e, ast.Message)} == set(Text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", Text)
def test_every_text_can_be_said(language: str, text: Text) -> None:
    assert Words(language)(text, **VALUES).strip()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("text", "values"),
    [
        (Text.FAILED, set(Reason)),
        (Text.PICTURE_REFUSED, set(Refusal)),
        (Text.UNSUPPORTED, set(KINDS.values())),
    ],
)
def test_every_reason_has_words_of_its_own(language: str, text: Text, values: set[str]) -> None:
    assert variants(language, text) == values


def test_every_text_is_used_somewhere() -> None:
    root = Path(qwenedit_bot.__file__).parent
    source = "\n".join(path.read_text() for path in root.rglob("*.py") if path.name != "texts.py")
    assert {name for name in Text.__members__ if not re.search(rf"\bText\.{name}\b", source)} == set()


def test_no_text_stands_in_the_code() -> None:
    root = Path(qwenedit_bot.__file__).parent
    source = {path.name: path.read_text() for path in root.rglob("*.py")}
    assert [name for name, text in source.items() if re.search(r"[\u0400-\u04ff]", text)] == []


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "отменил 1 картинку"), (2, "отменил 2 картинки"), (5, "отменил 5 картинок"), (21, "отменил 21 картинку")],
)
def test_russian_plurals_are_right(count: int, said: str) -> None:
    assert said in Words("ru")(Text.JOBS_CANCELLED, count=count)


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("RU", "ru"), ("en-GB", "en"), ("de", "en"), (None, "en"), ("", "en")],
)
def test_a_user_is_answered_in_their_language_or_the_default(code: str | None, language: str) -> None:
    assert Texts(default="en").of(code).language == language


def test_a_missing_value_is_a_defect_and_no_gap_in_the_sentence() -> None:
    with pytest.raises(TextError):
        Words("en")(Text.EDITING, step=1)
