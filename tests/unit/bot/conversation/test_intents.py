from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from qwenedit_bot.texts.intents import Doubt, Intent, corrects, doubt_of, how_of, intent_of, shows_things

LISTED = yaml.safe_load((files("qwenedit_bot.texts") / "intents.yaml").read_text(encoding="utf-8"))
MEANT = [intent for intent in Intent if intent is not Intent.HOW]
"""The intents that the table lists by their names."""
SENTENCES = yaml.safe_load(Path(__file__).with_name("intent_sentences.yaml").read_text(encoding="utf-8"))


def meaning_of(said: str) -> str:
    """Return what the bot takes words for that it didn't ask for."""
    intent, doubt = intent_of(said), doubt_of(said)
    if intent is None and doubt is not Doubt.THANKS:
        return {Doubt.NONE: "wish", Doubt.SOME: "answer"}.get(doubt, "asked")
    return "asked" if intent is Intent.QUESTION else str(intent or Intent.THANKS)


@pytest.mark.parametrize("language", LISTED)
def test_phrases_of_the_table(language: str) -> None:
    listed = {intent: LISTED[language][intent] for intent in MEANT if intent in LISTED[language]}
    meant = {phrase.strip(): intent for intent in listed for phrase in listed[intent].split(",")}
    assert {phrase: intent_of(phrase) for phrase in meant} == meant


@pytest.mark.parametrize("meaning", SENTENCES)
def test_sentence_from_chats(meaning: str) -> None:
    assert {said: meaning_of(said) for said in SENTENCES[meaning]} == dict.fromkeys(SENTENCES[meaning], meaning)


def test_long_message_is_an_instruction() -> None:
    assert intent_of("thanks " * 13) is None


@pytest.mark.parametrize("said", ["", " ", "\n"])
def test_intent_of_no_words_is_none(said: str) -> None:
    assert intent_of(said) is None


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ("make them all black and white", "each"),
        ("сделай каждую чёрно-белой", "each"),
        ("all side by side", "together"),
        ("put the jacket from photo 2 on the man", "together"),
        ("объедини в одну картинку", "together"),
        ("把第一张的衣服换到第二张", "together"),
        ("make it snowy", ""),
    ],
)
def test_words_about_an_album(said: str, how: str) -> None:
    assert how_of(said) == how


@pytest.mark.parametrize("said", ["*blonde", "sorry i meant brunette", "no, green", "wait no, a hat", "ой нет зелёное"])
def test_correction(said: str) -> None:
    assert corrects(said)


@pytest.mark.parametrize("said", ["no people", "*sighs*", "and a hat", "без людей", "make it green"])
def test_no_correction(said: str) -> None:
    assert not corrects(said)


def test_emoji_that_show_things() -> None:
    assert all(map(shows_things, ["❄️❄️❄️", "🎅", "🌊 🏄"]))
    assert not any(map(shows_things, ["🔥🔥", "❤️", "👍🏽", "😂", "👎", "🎅 hat", "+", "!", ""]))
