from __future__ import annotations

import ast as python_ast
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor as FluentVisitor

import qwenedit_bot
from qwenedit_bot.conversation.commands import menu
from qwenedit_bot.conversation.reading import KINDS
from qwenedit_bot.texts import LANGUAGES, Text, TextError, Texts, Words
from qwenedit_decoder.limits import Refusal
from qwenedit_jobs import Reason

VALUES: dict[str, str | float] = {
    "active": 1,
    "answered": "24 hours",
    "bar": "▰▱",
    "begun": 1,
    "bot": "qwenedit_bot",
    "bought": 0,
    "cancelled": 1,
    "category": "Seasons",
    "charge": "stx1",
    "contact": "@owner",
    "count": 2,
    "date": "2026-05-01",
    "day": "today",
    "dead": 0,
    "delayed": 0,
    "done": 5,
    "example": "It snows.",
    "failed": 1,
    "height": "1",
    "hours": 24,
    "job": "0123abcd",
    "jobs": 10,
    "kind": "sticker",
    "language": "365 days",
    "languages": "English, Русский",
    "larger": 6,
    "left": 3,
    "length": 1500,
    "limit": 1000,
    "megabytes": 25,
    "megapixels": 6,
    "minutes": 20,
    "more": 3,
    "name": "Snow",
    "number": 2,
    "page": 1,
    "pages": 2,
    "per_day": 20,
    "pictures": "24 hours",
    "position": 3,
    "presets": "90 days",
    "query": "beard",
    "ready": 1,
    "reason": "timeout",
    "replies": "2 days",
    "running": 1,
    "said": "This file is damaged.",
    "seconds": 12,
    "paid": "3 years",
    "sent": 6,
    "shown": 20,
    "stars": 50,
    "state": "queued",
    "step": 2,
    "steps": 4,
    "takes": 2,
    "time": "5 h",
    "today": 4,
    "total": 9,
    "unanswered": "7 days",
    "unit": "seconds",
    "unreachable": 0,
    "usage": "/ban 7",
    "user": "7",
    "waiting": 3,
    "when": "2026-05-01 12:30 UTC",
    "what": "the person",
    "why": "too_small",
    "width": "1",
    "worker": "gpu-1",
}


words = cache(Words)
"""A language's texts are parsed once: it takes 20 ms."""


@cache
def resource(language: str) -> ast.Resource:
    source = (files("qwenedit_bot.texts") / "locales" / f"{language}.ftl").read_text(encoding="utf-8")
    return FluentParser().parse(source)


def variants(language: str, message: str) -> set[str]:
    entry = next(e for e in resource(language).body if isinstance(e, ast.Message) and e.id.name == message)
    found: set[str] = set()

    class Collect(FluentVisitor):
        def visit_Variant(self, node: ast.Variant) -> None:  # noqa: N802 - Fluent's name
            found.add(node.key.name if isinstance(node.key, ast.Identifier) else node.key.value)
            self.generic_visit(node)

    Collect().visit(entry)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_exists_in_every_language_and_no_other(language: str) -> None:
    assert {e.id.name for e in resource(language).body if isinstance(e, ast.Message)} == set(Text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_can_be_said(language: str) -> None:
    for text in Text:
        assert words(language)(text, **VALUES).strip(), text


ALIKE = {"checklist", "giveaway", "giveaway_winners", "invoice", "rich_message", "unknown"}
"""Kinds of content that get the answer of all others."""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("text", "values"),
    [
        (Text.FAILED, set(Reason)),
        (Text.PICTURE_REFUSED, set(Refusal)),
        (Text.UNSUPPORTED, {*KINDS, "other"} - ALIKE),
    ],
)
def test_every_reason_has_words_of_its_own(language: str, text: Text, values: set[str]) -> None:
    assert variants(language, text) == values


def test_every_text_that_is_used_exists_and_every_other_is_gone() -> None:
    root = Path(qwenedit_bot.__file__).parent
    listed = {*menu.EVERYBODY, *menu.IN_GROUPS, *menu.WITH_A_LIMIT, *menu.WITH_A_SHOP}
    used = {Text(f"command-{name}").name for name in listed}
    used |= {name for path in root.rglob("*.py") for name in re.findall(r"\bText\.([A-Z_]+)\b", path.read_text())}
    assert used == set(Text.__members__)


NOT_SAID = frozenset({"log", "tracing", "Router", "PersonalData"})
"""What else is told something in words: logs, traces, the names of routers, the docs' table of what is kept."""


def sentences(path: Path) -> list[str]:
    """Return the words between quotes in a module that a user might read: no docstrings, no errors, no `NOT_SAID`."""
    tree = python_ast.parse(path.read_text())
    told: set[int] = set()
    for node in python_ast.walk(tree):
        if isinstance(node, python_ast.Expr | python_ast.Raise) or (
            isinstance(node, python_ast.Call) and NOT_SAID & names_of(node.func)
        ):
            said_elsewhere = node.value if isinstance(node, python_ast.Expr) else node
            if not isinstance(node, python_ast.Expr) or isinstance(said_elsewhere, python_ast.Constant):
                told |= {id(each) for each in python_ast.walk(node)}
    return [
        node.value
        for node in python_ast.walk(tree)
        if isinstance(node, python_ast.Constant) and isinstance(node.value, str) and id(node) not in told
        if re.search(r"[^\W\d_]{2,} [^\W\d_]{2,}|[\u0400-\u04ff]|[\U0001f300-\U0001faff]", node.value)
    ]


def names_of(function: python_ast.expr) -> set[str]:
    return {
        each.id if isinstance(each, python_ast.Name) else each.attr
        for each in python_ast.walk(function)
        if isinstance(each, python_ast.Name | python_ast.Attribute)
    }


SPOKEN = (
    "conversation/[!d]*.py",
    "conversation/*/*.py",
    "edits/job_views.py",
    "edits/requests/*.py",
    "edits/progress/updater.py",
    "presets/preset_views.py",
    "chat/replies.py",
)
"""Where what users read is put together."""


def test_no_text_stands_in_the_code() -> None:
    root = Path(qwenedit_bot.__file__).parent
    modules = [path for pattern in SPOKEN for path in sorted(root.glob(pattern))]
    assert len(modules) > len(SPOKEN)
    assert {path.name: found for path in modules if (found := sentences(path))} == {}
    source = {path.name: path.read_text() for path in root.rglob("*.py")}
    assert [name for name, text in source.items() if re.search(r"[\u0400-\u04ff]", text)] == []


def test_text_in_the_code_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "handler.py"
    module.write_text('"""Says it in words."""\n\nsay(View("Something went wrong"))\nlog.info("this is no text")\n')
    assert sentences(module) == ["Something went wrong"]


COUNTS = (1, 2, 5, 11, 21)
PLURALS: dict[str, dict[Text, tuple[str, tuple[str, ...]]]] = {
    "en": {
        Text.JOBS_CANCELLED: ("count", ("your picture.", "2 pictures", "5 pictures", "11 pictures", "21 pictures")),
        Text.BACKLOG_FULL: ("count", ("1 picture is", "2 pictures are", "5 pictures", "11 pictures", "21 pictures")),
        Text.IN_BACKLOG: ("count", ("1 more follows", "2 more follow ", "5 more", "11 more", "21 more follow ")),
        Text.LEFT_TODAY: ("count", ("1 picture left", "2 pictures", "5 pictures", "11 pictures", "21 pictures")),
        Text.DAILY_LIMIT: ("count", ("your picture for", "2 pictures", "5 pictures", "11 pictures", "21 pictures")),
        Text.LEFT_BOUGHT: ("count", ("1 more that never expires", "2 more that", "5 more", "11 more", "21 more")),
        Text.GRANTED: ("count", ("1 more job,", "2 more jobs,", "5 more jobs,", "11 more jobs,", "21 more jobs,")),
        Text.BUY_BUTTON: ("jobs", ("1 picture ·", "2 pictures ·", "5 pictures", "11 pictures", "21 pictures")),
        Text.INVOICE_TITLE: ("jobs", ("1 picture", "2 pictures", "5 pictures", "11 pictures", "21 pictures")),
        Text.PAID: ("jobs", ("1 more picture is", "2 more pictures", "5 more pic", "11 more pic", "21 more pictures")),
        Text.PERIOD: ("count", ("1\u00a0day", "2\u00a0days", "5\u00a0days", "11\u00a0days", "21\u00a0days")),
    },
    "ru": {
        Text.JOBS_CANCELLED: ("count", ("отменил.", "2 картинки", "5 картинок", "11 картинок", "21 картинку")),
        Text.BACKLOG_FULL: ("count", ("1 картинка", "2 картинки", "5 картинок", "11 картинок", "21 картинка")),
        Text.IN_BACKLOG: ("count", ("1 пойдёт", "2 пойдут", "5 пойдут", "11 пойдут", "21 пойдёт")),
        Text.LEFT_TODAY: ("count", ("осталась 1 к", "остались 2 к", "осталось 5 к", "осталось 11 к", "осталась 21 к")),
        Text.DAILY_LIMIT: ("count", ("была 1 к", "были 2 к", "было 5 к", "было 11 картинок", "была 21 картинка")),
        Text.GRANTED: ("count", ("1 задание", "2 задания", "5 заданий", "11 заданий", "21 задание")),
        Text.BUY_BUTTON: ("jobs", ("1 картинка", "2 картинки", "5 картинок", "11 картинок", "21 картинка")),
        Text.INVOICE_TITLE: ("jobs", ("1 картинка", "2 картинки", "5 картинок", "11 картинок", "21 картинка")),
        Text.PAID: ("jobs", ("ещё 1 картинка", "2 картинки", "5 картинок", "11 картинок", "21 картинка")),
        Text.PERIOD: ("count", ("1\u00a0день", "2\u00a0дня", "5\u00a0дней", "11\u00a0дней", "21\u00a0день")),  # noqa: RUF001
        Text.INSTRUCTION_TOO_LONG: ("length", ("1 символ,", "2 символа,", "5 символов,", "11 символов,", "21 символ,")),
        Text.HELP: ("length", ("1 символа", "2 символов", "5 символов", "11 символов", "21 символа")),
        Text.LEFT_BOUGHT: ("count", ("1 без срока", "2 без срока", "5 без срока", "11 без срока", "21 без срока")),
    },
}
"""Texts that count, by language: the number's name, and what is said for each of `COUNTS`."""


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, texts in PLURALS.items() for text in texts]
)
def test_plurals_are_right(language: str, text: Text) -> None:
    name, forms = PLURALS[language][text]
    for count, said in zip(COUNTS, forms, strict=True):
        assert said in words(language)(text, **{**VALUES, name: count})


@pytest.mark.parametrize("language", PLURALS)
def test_every_text_that_counts_is_among_them(language: str) -> None:
    counting = {text for text in Text if variants(language, text) & {"one", "few", "many"}}
    assert counting == set(PLURALS[language])


@pytest.mark.parametrize(
    ("code", "language"),
    [("ru", "ru"), ("ru-RU", "ru"), ("RU", "ru"), ("en-GB", "en"), ("de", "en"), (None, "en"), ("", "en")],
)
def test_user_is_answered_in_their_language_or_in_english(code: str | None, language: str) -> None:
    assert Texts().of(code).language == language


def test_missing_value_is_a_defect_and_no_gap_in_the_sentence() -> None:
    with pytest.raises(TextError):
        Words("en")(Text.EDITING, step=1)
