"""Which picture came of which."""

from __future__ import annotations

import pytest

from qwenedit_bot.conversation.draft import Picture
from qwenedit_bot.conversation.rules import Stage, Thing
from qwenedit_bot.conversation.screen import at_place, several_of, with_before
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_bot.texts.intents import PLACES


def photo(number: int) -> Picture:
    return Picture(Attachment(f"file{number}", None, None), number)


def made(number: int, *sources: Picture, told: str = "hat", stage: Stage = Stage.RESULT) -> Thing:
    """The job whose result is in a message."""
    job = f"job{number}"
    pictures = (Picture(StoredPicture(job), number, job),) if stage is Stage.RESULT else sources
    return Thing(stage, pictures, job, told, sources, told=told)


def waits(*pictures: Picture) -> Thing:
    return Thing(Stage.PHOTO, pictures)


A, B = photo(1), photo(2)
HAT = made(11, A)
HAT_AGAIN = made(12, A)
DARK = made(13, *HAT_AGAIN.pictures, told="dark")
CHAIN = HAT, HAT_AGAIN, DARK
OF_A, OF_B = made(11, A), made(12, B)
OF_B_LATER = made(13, *OF_B.pictures, told="dark")


@pytest.mark.parametrize(
    ("thing", "before"),
    [
        (DARK, HAT_AGAIN.pictures),
        (HAT_AGAIN, HAT.pictures),
        (waits(*HAT_AGAIN.pictures), HAT.pictures),
        (HAT, (A,)),
        (waits(*HAT.pictures), (A,)),
        (waits(A), ()),
    ],
)
def test_picture_before_is_the_variant_that_was_seen_before_or_the_source(thing: Thing, before: object) -> None:
    assert with_before(thing, CHAIN).sources == before


def test_picture_before_is_the_last_result_of_the_same_photo_whatever_its_words() -> None:
    scarf = made(12, A, told="scarf")
    assert with_before(scarf, [HAT, scarf]).sources == HAT.pictures


@pytest.mark.parametrize(
    ("about", "things", "named"),
    [
        (waits(A, B), [waits(A), waits(B)], (waits(A), waits(B))),
        (OF_B, [OF_A, OF_B], (OF_A, OF_B)),
        (OF_B_LATER, [OF_A, OF_B, OF_B_LATER], (OF_A, OF_B_LATER)),
        (OF_A, [OF_A, waits(B)], (OF_A, waits(B))),
        (HAT_AGAIN, [HAT, HAT_AGAIN], (HAT, HAT_AGAIN)),
        (HAT_AGAIN, [made(10, photo(9)), HAT, HAT_AGAIN], (HAT, HAT_AGAIN)),
        (made(12, photo(9)), [HAT, made(12, photo(9))], (HAT, made(12, photo(9)))),
        (made(32, photo(30)), [HAT, made(32, photo(30))], (HAT, made(32, photo(30)))),
    ],
)
def test_place_is_one_of_an_album_or_of_what_was_made_with_the_same_words(
    about: Thing, things: list[Thing], named: tuple[Thing, ...]
) -> None:
    assert several_of(about, things) == named


def test_place_that_one_goes_back_to_is_one_of_all_results_of_a_photo() -> None:
    assert several_of(DARK, CHAIN, "undo") == CHAIN
    assert several_of(DARK, CHAIN, "other") == CHAIN
    assert several_of(DARK, CHAIN) == CHAIN
    assert several_of(OF_B_LATER, [OF_A, OF_B, OF_B_LATER], "undo") == (OF_B, OF_B_LATER)


def test_place_names_one_if_it_is_clear() -> None:
    three = (HAT, HAT_AGAIN, DARK)
    assert [at_place(place, three, HAT) for place in PLACES] == [HAT, HAT_AGAIN, DARK, DARK, None]
    assert at_place("other", three[:2], HAT) == HAT_AGAIN
    assert at_place("third", three[:2]) is None
    assert at_place("", three) is None
