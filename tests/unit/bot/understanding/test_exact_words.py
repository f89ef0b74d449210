import time
from importlib.resources import files

import pytest

from qwenedit_bot.understanding.exact_words import LONGEST, meaning_of, verb_of
from qwenedit_bot.understanding.reader import Action, Screen, Shown, Stage, Verb

VERBS = {
    Verb.STOP: ["stop", "отмена", "abbrechen", "cancela", "annule", "esquece isso", "إلغاء", "لغوش کن", "取消"],
    Verb.AGAIN: ["try again", "ещё раз", "noch mal", "otra vez", "encore une fois", "de novo", "مرة أخرى", "再来一张"],
    Verb.UNDO: ["undo that", "верни как было", "rückgängig", "deshacer", "comme avant", "desfaz", "تراجع", "撤销"],
    Verb.STATUS: ["how long", "где моё фото", "wie lange noch", "cuántas me quedan", "cadê minha foto", "还剩几张"],
    Verb.HELP: ["hello", "что ты умеешь", "guten Tag", "hola", "bonjour", "me ajuda", "مرحبا", "سلام", "你好"],
}
REMARKS = """
I love it; wow that is so cool; thanks a lot!!; ok; 👍; !?; спасибо большое, очень круто; 哈哈哈 太棒了
sieht super aus, danke; me encanta, quedó muy bonito; merci beaucoup, j'adore; muito obrigada, ficou lindo
شكرا جزيلا; خیلی قشنگه، مرسی
"""
INSTRUCTIONS = """
make it cool; so much brighter; more; not this; this is the same; could you undo that; wait; no; green
boots; the trees; a tutu; сделай красиво; больше; mach es schön; más bonito; plus joli; mais bonito; أجمل; 亮一点
"""


def texts(listed: str) -> list[str]:
    return [text for line in listed.strip().splitlines() for text in line.split("; ")]


@pytest.mark.parametrize(("verb", "text"), [(verb, text) for verb, each in VERBS.items() for text in each])
def test_verb_is_known_in_each_language(verb: Verb, text: str):
    assert verb_of(text) is verb


@pytest.mark.parametrize("text", texts(REMARKS))
def test_remark_consists_of_listed_words(text: str):
    assert verb_of(text) is Verb.REMARK


@pytest.mark.parametrize("text", texts(INSTRUCTIONS))
def test_instruction_is_any_text_with_another_word(text: str):
    assert verb_of(text) is Verb.EDIT


@pytest.mark.parametrize("text", ["STOP!!!", "stooop", "¡Stop! 🙏", "s\u200btop", "  stop.\n", "sto\u0301p"])
def test_spelling_of_a_verb_does_not_count(text: str):
    assert verb_of(text) is Verb.STOP


@pytest.mark.parametrize(
    "text", ["Sooo COOOL!!", "thaaanks", "HAHAHAHAHA", "оооочень круууто", "kkkkkkk", "哈哈哈哈哈"]
)
def test_stretched_letters_of_a_remark_do_not_count(text: str):
    assert verb_of(text) is Verb.REMARK


def test_action_is_about_what_the_text_replies_to():
    screen = Screen((Shown("p2", Stage.RESULT), Shown("p1", Stage.RUNNING)), about="p1", replied=True)
    assert meaning_of("stop", screen) == Action(Verb.STOP, job="p1")
    assert meaning_of("again", screen) == Action(Verb.AGAIN, ("p1",), job="p1")
    assert meaning_of("A hat", screen) == Action(Verb.EDIT, ("p1",), words="A hat")


def test_long_text_is_an_instruction_at_once():
    begun = time.monotonic()
    assert verb_of("ha" * 50_000) is Verb.EDIT
    assert time.monotonic() - begun < 0.1
    assert verb_of("ha" * (LONGEST // 2)) is Verb.REMARK


def test_lists_stay_short_enough_to_be_read():
    lists = (files("qwenedit_bot.understanding") / "exact_words.yaml").read_text("utf-8")
    assert len(lists.splitlines()) <= 250
