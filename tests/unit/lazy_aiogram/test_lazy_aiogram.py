import subprocess
import sys
from pathlib import Path

import pytest

EVERYTHING = Path(__file__).with_name("everything.py")


def python(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


def run(program: str) -> str:
    """Run a program in a Python of its own: what was imported before decides."""
    return python("-c", program)


def test_types_are_built_when_they_are_first_used() -> None:
    assert run("""
import lazy_aiogram
from aiogram.methods import SendMessage, SendPhoto
from aiogram.types import Giveaway, Message, Update, Venue

def built():
    models = Update, Message, Venue, Giveaway, SendMessage, SendPhoto
    return [model.__name__ for model in models if model.__pydantic_complete__]

print(built())
message = {"message_id": 7, "date": 0, "chat": {"id": 1, "type": "private"}, "text": "Hi"}
reply = {**message, "reply_to_message": message, "venue": {"location": {"latitude": 1, "longitude": 2},
    "title": "Home", "address": "Here"}}
update = Update.model_validate({"update_id": 1, "message": reply})
print(update.message.reply_to_message.text, update.message.venue.title)
print(built())
SendMessage(chat_id=1, text="Hi")
print(built())
""").splitlines() == [
        "[]",
        "Hi Home",
        "['Update', 'Message', 'Venue']",
        "['Update', 'Message', 'Venue', 'SendMessage']",
    ]


def test_bot_api_types_and_methods_can_all_be_built() -> None:
    """Also what no one uses here: a release of aiogram that needs other names fails this test, not a user."""
    assert (
        run("""
import lazy_aiogram
import aiogram.methods, aiogram.types
from pydantic import BaseModel

for module in (aiogram.methods, aiogram.types):
    for name in module.__all__:
        entity = getattr(module, name)
        if isinstance(entity, type) and issubclass(entity, BaseModel) and name not in ("Request", "TelegramMethod"):
            assert entity.__pydantic_validator__.title == name, entity
            assert entity.__pydantic_complete__, entity
print("all")
""")
        == "all\n"
    )


def test_answer_of_telegram_is_read() -> None:
    assert (
        run("""
import lazy_aiogram
from aiogram.methods import GetChatMember, GetUpdates, Response

updates = Response[GetUpdates.__returning__].model_validate_json('{"ok": true, "result": [{"update_id": 1}]}')
print(updates.result[0].update_id)
member = {"status": "member", "user": {"id": 5, "is_bot": False, "first_name": "Ann"}}
print(Response[GetChatMember.__returning__].model_validate({"ok": True, "result": member}).result)
""").splitlines()[0]
        == "1"
    )


def test_updates_are_not_kept() -> None:
    assert (
        run("""
import lazy_aiogram
import gc
from aiogram.types import Update

message = {"message_id": 7, "date": 0, "chat": {"id": 1, "type": "private"}, "text": "Hi"}
print(Update.model_validate({"update_id": 1, "message": message}).event_type)
gc.collect()
print(sum(isinstance(each, Update) for each in gc.get_objects()))
""")
        == "message\n0\n"
    )


def test_import_after_aiogram_changes_nothing() -> None:
    assert (
        run("""
import sys, types
sys.modules["aiogram"] = types.ModuleType("aiogram")
from pydantic import BaseModel
before = BaseModel.__dict__["model_rebuild"]
import lazy_aiogram

print(BaseModel.__dict__["model_rebuild"] is before, "aiogram.types" in sys.modules)
""")
        == "True False\n"
    )


def test_models_of_other_libraries_are_built_as_before() -> None:
    assert (
        run("""
import lazy_aiogram
from pydantic import BaseModel

class Tree(BaseModel):
    branches: "list[Tree]" = []
    leaf: "Leaf | None" = None

class Leaf(BaseModel):
    colour: str

print(Tree.model_rebuild(), Tree(branches=[{"leaf": {"colour": "green"}}]).branches[0].leaf.colour)
""")
        == "True green\n"
    )


def test_values_are_read_refused_and_written_as_by_plain_aiogram() -> None:
    """For each type and method, values are made up of its fields, some of them wrong."""
    plain, lazy = (python(str(EVERYTHING), way).splitlines() for way in ("plain", "lazy"))
    assert [pair for pair in zip(plain, lazy, strict=True) if pair[0] != pair[1]] == []
    assert len(plain) > 10_000
    assert sum("validation error" in line for line in plain) > 100


MARKUP = """
import lazy_aiogram
import pickle
from aiogram.types import InlineKeyboardButton as Button, InlineKeyboardMarkup as Markup

markup = Markup.model_construct(inline_keyboard=[[Button.model_construct(text="a", callback_data="b")]])
"""
DUMPED = '{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}\n'


def test_model_made_without_validation_is_written() -> None:
    assert run(MARKUP + "print(markup.model_dump_json(exclude_none=True))") == DUMPED


def test_model_pickled_by_another_process_is_written() -> None:
    pickled = run(MARKUP + "print(pickle.dumps(markup).hex())").strip()
    program = f"""
import lazy_aiogram
import pickle

print(pickle.loads(bytes.fromhex("{pickled}")).model_dump_json(exclude_none=True))
"""
    assert run(program) == DUMPED


BOT_MEMORY = """
import qwenedit_bot.app.main

status = open("/proc/self/status").read()
print(status.partition("VmRSS:")[2].split()[0])
"""
WITHOUT = "import sys, types\nsys.modules['lazy_aiogram'] = types.ModuleType('lazy_aiogram')\n"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_lazy_aiogram_saves_a_fifth_of_the_bots_memory() -> None:
    """What this costs to keep up is worth no less: where aiogram or pydantic do it themselves, it goes."""
    lazy, plain = int(run(BOT_MEMORY)), int(run(WITHOUT + BOT_MEMORY))
    assert lazy < 0.8 * plain
