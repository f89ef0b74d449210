"""Updates as nobody would send them: made of aiogram's types, and recorded ones with something changed."""

from __future__ import annotations

import copy
import types
import typing
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Union

from aiogram.types import CallbackQuery, ChatMemberUpdated, Message, PreCheckoutQuery, Update
from hypothesis import strategies as st
from pydantic import BaseModel

from proofs.fuzz.harness import ADMIN
from proofs.fuzz.telegram import BOT

if TYPE_CHECKING:
    from collections.abc import Callable

PERSON = 777_000_777
"""Stands for somebody new in each example."""
DEEPEST = 3
"""Levels of models below which only what is required is filled in."""
VERBS = tuple(
    """
    cancel again undo styles file preset presets category language forget open larger how over then resume
    further
""".split()
)
"""With which the data of the bot's buttons begin."""
COMMANDS = tuple(
    """
    start help limits privacy cancel status presets language edit forget paysupport stats queue pause resume ban
    unban grant
""".split()
)

_odd_texts = st.sampled_from(
    (
        "",
        " ",
        "\n",
        "\0",
        "\ud83d",
        "\u202e",
        "👨‍👩‍👧‍👦",
        "%s {0} {count}",
        "<b>",
        "x" * 5000,
        "ы" * 1001,
        "/",
        "//",
        "@",
        "-1",
        "1e999",
    )
)
_names = st.sampled_from(COMMANDS)
_common = st.sampled_from(("help", "Stop!", "спасибо", "thank you", "hi", "menu", "статус", "передумал"))
_commands = st.builds(
    "/{}{}{}".format,
    _names,
    st.sampled_from(("", f"@{BOT.username}", "@other_bot", "@")),
    st.one_of(st.just(""), st.builds(" {}".format, st.one_of(st.text(max_size=20), st.integers().map(str)))),
)
TEXTS = st.one_of(
    st.text(max_size=40),
    _odd_texts,
    _commands,
    _common,
    st.builds(f"@{BOT.username} {{}}".format, st.text(max_size=20)),
)
NUMBERS = st.one_of(
    st.integers(-5, 1000), st.sampled_from((PERSON, ADMIN, BOT.id, 2**31, 2**52, 2**63 - 1, -(2**63), -100123))
)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    TEXTS,
    st.floats(allow_nan=False, allow_infinity=False),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just({"id": {}}),
    st.just(2**70),
)
_DATA = st.one_of(
    st.builds(
        "{}:{}".format, st.sampled_from(VERBS), st.one_of(st.text(max_size=20), _odd_texts, st.integers().map(str))
    ),
    st.sampled_from(VERBS),
    st.text(max_size=20),
    _odd_texts,
    st.builds("offered:{}".format, st.integers(0, 7)),
)
"""`offered:n` stands for the nth button that the bot has offered last."""


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]:
    """Return a model's required and optional fields, by the names that Telegram uses."""
    model.model_rebuild()  # until then, fields may know the names of their types alone
    required: list[tuple[str, Any]] = []
    optional: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        entry = (field.alias or name, field.annotation)
        (required if field.is_required() else optional).append(entry)
    return tuple(required), tuple(optional)


@st.composite
def model(draw: st.DrawFn, kind: type[BaseModel], depth: int = 0) -> dict[str, Any]:
    """Make what Telegram might send for one of aiogram's types: what is required, and some of the rest."""
    required, optional = _fields(kind)
    chosen = list(required)
    if optional and depth <= DEEPEST:
        chosen += draw(
            st.lists(st.sampled_from(optional), max_size=4 if depth <= 1 else 1, unique_by=lambda each: each[0])
        )
    return {name: draw(value(annotation, depth + 1)) for name, annotation in chosen}


def value(annotation: Any, depth: int) -> st.SearchStrategy[Any]:
    """Make what a field of this type may hold."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        kinds = [each for each in arguments if each is not type(None)]
        return st.one_of([value(each, depth) for each in kinds])
    if origin is typing.Annotated:
        return value(arguments[0], depth)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (list, tuple):
        return st.lists(value(arguments[0], depth), max_size=0 if depth > DEEPEST else 2)
    return _plain(annotation, depth)


def _plain(annotation: Any, depth: int) -> st.SearchStrategy[Any]:
    simple: dict[Any, Callable[[], st.SearchStrategy[Any]]] = {
        int: lambda: NUMBERS,
        str: lambda: TEXTS,
        bool: st.booleans,
        float: lambda: st.floats(-180, 180),
        datetime: lambda: st.integers(0, 2**33),
        timedelta: lambda: st.integers(0, 2**33),
    }
    if annotation in simple:
        return simple[annotation]()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return st.deferred(lambda: model(annotation, depth))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from([each.value for each in annotation])
    return ODD


_USER = st.fixed_dictionaries(
    {"id": st.sampled_from((PERSON, PERSON, PERSON, ADMIN)), "is_bot": st.just(False), "first_name": TEXTS},
    optional={"language_code": st.sampled_from(("en", "ru", "de", "", "xx-YY", "ru-RU")), "username": TEXTS},
)
_SIZE = st.fixed_dictionaries(
    {
        "file_id": st.sampled_from(("good", "bad", "none")),
        "file_unique_id": st.just("u"),
        "width": NUMBERS,
        "height": NUMBERS,
    },
    optional={"file_size": NUMBERS},
)
_DOCUMENT = st.fixed_dictionaries(
    {"file_id": st.sampled_from(("good", "bad", "none")), "file_unique_id": st.just("u")},
    optional={
        "file_name": st.one_of(TEXTS, st.sampled_from(("a.JPG", "a.heic", ".png"))),
        "file_size": NUMBERS,
        "mime_type": st.one_of(TEXTS, st.sampled_from(("image/png", "image/heic", "application/pdf"))),
    },
)


@st.composite
def _chat(draw: st.DrawFn, user: dict[str, Any]) -> dict[str, Any]:
    kind = draw(st.sampled_from(("private",) * 6 + ("group", "supergroup", "channel")))
    if kind == "private":
        return {"id": user["id"], "type": kind, "first_name": user["first_name"]}
    return {"id": -PERSON, "type": kind, "title": draw(TEXTS)}


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """Make a message that somebody could send, with fields of any kind beside."""
    user = draw(_USER)
    message: dict[str, Any] = {
        "message_id": 1,
        "date": draw(st.integers(0, 2**33)),
        "chat": draw(_chat(user)),
        "from": user,
    }
    content = draw(st.sampled_from(("text", "text", "photo", "document", "any", "any", "reply")))
    if content in ("text", "reply"):
        message["text"] = draw(TEXTS)
    if content == "photo":
        message["photo"] = draw(st.lists(_SIZE, max_size=3))
    if content == "document":
        message["document"] = draw(_DOCUMENT)
    if content in ("photo", "document") and draw(st.booleans()):
        message["caption"] = draw(TEXTS)
    if content == "reply":
        message["reply_to_message"] = draw(model(Message, 2)) | {"chat": message["chat"]}
        if draw(st.booleans()):
            message["reply_to_message"]["photo"] = draw(st.lists(_SIZE, max_size=2))
        if draw(st.booleans()):
            message["reply_to_message"]["from"] = {"id": BOT.id, "is_bot": True, "first_name": BOT.first_name}
    if content == "any" or draw(st.integers(0, 9)) == 0:
        message = draw(model(Message)) | message
    return message


@st.composite
def presses(draw: st.DrawFn) -> dict[str, Any]:
    """Make a press of a button that the bot has, or has not."""
    user = draw(_USER)
    press: dict[str, Any] = {
        "id": str(draw(st.integers(1, 10**18))),
        "from": user,
        "chat_instance": "1",
        "data": draw(_DATA),
    }
    if draw(st.integers(0, 9)):
        press["message"] = {"message_id": 1_000_001, "date": draw(st.sampled_from((0, 1))), "chat": draw(_chat(user))}
    if draw(st.integers(0, 5)) == 0:
        press = draw(model(CallbackQuery)) | press
    return press


def typed() -> st.SearchStrategy[dict[str, Any]]:
    """Make updates of aiogram's types; most of the kinds that the bot asks for."""
    return st.one_of(
        messages().map(lambda message: {"message": message}),
        messages().map(lambda message: {"message": message}),
        messages().map(lambda message: {"edited_message": message}),
        presses().map(lambda press: {"callback_query": press}),
        model(ChatMemberUpdated).map(lambda change: {"my_chat_member": change}),
        model(PreCheckoutQuery).map(lambda checkout: {"pre_checkout_query": checkout}),
        model(Update),
    )


@st.composite
def mutated(draw: st.DrawFn, recorded: list[dict[str, Any]]) -> dict[str, Any]:
    """Take a recorded update and change it in up to four places."""
    update: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(recorded)))
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 4)))):
        places = list(_places(update))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(("drop", "odd", "swap", "wrap", "twice"))):
            case "drop":
                del holder[key]
            case "odd":
                holder[key] = copy.deepcopy(draw(ODD))  # the next change may be inside it
            case "swap":
                other, name = draw(st.sampled_from(places))
                holder[key] = copy.deepcopy(other[name])
            case "wrap":
                holder[key] = [holder[key]]
            case "twice" if isinstance(holder[key], str | list):
                holder[key] = holder[key] * draw(st.sampled_from((2, 200)))
    return update


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a document: who holds it, and under which key."""
    if not isinstance(value, dict | list):
        return []
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    return [(value, key) for key, _each in entries] + [place for _key, each in entries for place in _places(each)]


def conversations(recorded: list[dict[str, Any]]) -> st.SearchStrategy[list[tuple[str, dict[str, Any]]]]:
    """Make one to four updates about the same new person, each with the name of its kind."""
    one = st.one_of(
        st.tuples(st.just("typed"), typed()),
        st.tuples(st.just("mutated"), mutated(recorded)),
    )
    return st.lists(one, min_size=1, max_size=4)


def about(update: Any, person: int) -> Any:
    """Put somebody in the place of the one who stands for him."""
    if isinstance(update, dict):
        return {key: about(each, person) for key, each in update.items()}
    if isinstance(update, list):
        return [about(each, person) for each in update]
    if type(update) is int and abs(update) == PERSON:
        return person if update > 0 else -person
    return update
