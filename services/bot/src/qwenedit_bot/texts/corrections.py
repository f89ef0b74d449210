"""Compares words with an earlier instruction: whether they name what it does, take it back, or put a word right."""

from __future__ import annotations

import re
from difflib import get_close_matches
from itertools import pairwise

from qwenedit_bot.texts.intents import READ, WISHES, Intent, between_marks, has, meaning_of

_WORDS = r"\d+|[^\W\d]+"
_MOST = 8
"""Words of a correction: longer texts have more to say."""
_KINDS = ("number", "colour", "style")


def named_in(words: str) -> list[str]:
    """Return the words that aren't common; “a bit more” has none."""
    return [each for each in re.findall(r"\w{3,}", words[:READ].casefold()) if not has("common", each)]


def shares(said: str, words: str) -> bool:
    """Return whether words name something that was said last."""
    before = re.findall(_WORDS, said[-READ:].casefold())
    return any(get_close_matches(each, before, 1, 0.75) for each in named_in(words))


def takes_back(said: str, words: str) -> bool:
    """Return whether words undo what was said: “take the hat off” after “add a hat”, or “put the flag back”."""
    parts, one = between_marks(words), "\n" not in said and len(re.findall(_WORDS, said)) <= _MOST
    opposite = [each for each in parts if has("back", each) or (has("remove", each) and has("adds", said))]
    more = any(meaning_of(each).intent is Intent.WISH for each in parts if each not in opposite)
    named = named_in(" ".join(opposite))
    return one and not more and bool(named) and all(shares(said, each) for each in named)


def put_right(said: str, words: str) -> str:
    """Return what was said with a word replaced, if that's all that words do; else nothing.

    “The hat is still there” says what was said once more.
    """
    every, before = re.findall(_WORDS, words[:READ]), re.findall(_WORDS, said)
    if len(every) > _MOST:
        return ""
    if has("still", words) and len([each for each in named_in(words) if not shares(said, each)]) <= 1:
        return said
    told = [each for each in every if (each.isdigit() or len(each) > 1) and not has("slip", each)]
    for replaced in (_misspelled, _of_a_kind, _contrasted, _changed_to):
        old, new = replaced(before, told, words)
        if old:  # of which the new words may have the end
            tail = "".join(f"( {each})?" for each in new.split()[1:])
            right = re.sub(rf"(?<!\w){old}{tail}", new, said)
            fits = get_close_matches(old, [new]) or any(_is(k, new) for k in _KINDS) or meaning_of(new).intent in WISHES
            return right if fits and right != said and new not in before else ""
    return ""


def _misspelled(before: list[str], told: list[str], words: str) -> tuple[str, str]:
    """Return the word that the only one is like, and that one: “*hat” or “oops, hat”."""
    alike = 0.6 if "*" in words or has("oops", words) else 0.8
    typed = get_close_matches(told[0], before, 1, alike) if len(told) == 1 else []
    return (typed[0], told[0]) if typed else ("", "")


def _of_a_kind(before: list[str], told: list[str], words: str) -> tuple[str, str]:
    """Return the only number, colour or style, and the new one: “7” or “no, blue”."""
    other, denied = {*named_in(words)} & {*told} - {*before}, {each for no, each in pairwise(told) if has("deny", no)}
    adds = any(has(each, words) for each in ("more", "adds", "also", "remove", "back"))
    for kind in () if adds or "?" in words else _KINDS:
        had = [each for each in before if _is(kind, each)]
        one = [each for each in told if _is(kind, each) and each not in had]  # “white, not blue”
        if len(one) == len(had) == 1 and other <= {*one} and {*told} & {*had} <= denied:
            return had[0], one[0]
    return "", ""


def _contrasted(before: list[str], told: list[str], words: str) -> tuple[str, str]:
    """Return the wrong word and the right one: “hat, not cap” or “not cap but hat”, but no “thanks, not the hat”."""
    old, new, found = "", "", []
    if len(told) > 2 and has("deny", told[0]) and f"{told[1]} {told[2]}" not in words:
        old, new = told[1], " ".join(each for each in told[2:] if not has("common", each))
        found = [each for each in before if each[:3] == old[:3] and get_close_matches(old, [each])]
    elif len(told) > 2 and has("not", told[-2]) and f"{told[-3]} {told[-2]}" in words.replace(",", ""):
        old, new = told[-1], told[-3]
        found = [old] if old in before and (old.isdigit() or len(told) == 3) else []
    return (found[0], new) if found else ("", "")


def _changed_to(before: list[str], told: list[str], words: str) -> tuple[str, str]:
    """Return what something was changed to, and the new word: “rather mountains” after “change the sky to a sunset”."""
    wrong = next((before[-size:] for size in (1, 2, 3) if has("to", " ".join(before[-size - 1 : -size]))), [])
    other = [*{*named_in(words)} & {*told} - {*before}]
    swaps = (has("instead", words) or has("oops", words)) and has("changes", " ".join(before))
    swaps = swaps and not (len(told) > 2 and has("deny", told[0]))  # “not the glasses”
    fits = swaps and bool(wrong) and not has("common", wrong[-1]) and len(other) == 1 and not has("degree", other[0])
    return (r"\W+".join(wrong), other[0]) if fits else ("", "")


def _is(kind: str, word: str) -> bool:
    return has(kind, word) or (kind == "number" and word.isdigit())
