"""The rules of the conversation: each as a row, and their promises with random sequences of what people do."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from qwenedit_bot.conversation.draft import Draft, Picture
from qwenedit_bot.conversation.rules import (
    MOST_PHOTOS,
    WISHES,
    Ask,
    Chosen,
    Do,
    Edited,
    Event,
    Expired,
    HowChosen,
    Nothing,
    Photos,
    Question,
    Reply,
    Resumed,
    Reword,
    Said,
    Stage,
    Stop,
    Thing,
    Wanted,
    settle,
    step,
    with_earlier,
)
from qwenedit_bot.conversation.screen import lowest, several_of
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.pictures.sources import Attachment, StoredPicture

ACCEPTED, REFUSED, NOT_NOW = RequestOutcome.ACCEPTED, RequestOutcome.REFUSED, RequestOutcome.NOT_NOW
UNREADABLE = RequestOutcome.UNREADABLE
NOW, LONG_AGO = 1_000, 0


def photo(number: int) -> Picture:
    return Picture(Attachment(f"file{number}", None, None), number)


def result(number: int, job: str) -> Picture:
    return Picture(StoredPicture(f"result of {job}"), number, job)


def thing(stage: Stage, *, prompt: str = "make it snow") -> Thing:
    """Job `old`, asked for with photo 1 and shown in message 2."""
    pictures = (result(2, "old"),) if stage is Stage.RESULT else (photo(1),)
    return Thing(stage, pictures, job="old", prompt=prompt, sources=(photo(1),))


def photos(*numbers: int, words: str = "", **more: Any) -> Photos:
    return Photos(
        id=f"m{numbers[0]}", message_id=numbers[0], at=NOW, pictures=tuple(map(photo, numbers)), words=words, **more
    )


def said(words: str, about: Thing | None = None, **more: Any) -> Said:
    return Said(id="m9", message_id=9, at=NOW, words=words, about=about, **more)


def edited(number: int, words: str, **more: Any) -> Edited:
    return Edited(id=f"e{number}.{NOW}", message_id=number, at=NOW, words=words, **more)


ASKED_FOR = Draft(jobs=("old",), words_at=LONG_AGO)
"""The job `old` was asked for a while ago."""


WAITING = Thing(Stage.PHOTO, (photo(5),))
ALBUM = Thing(Stage.PHOTO, (photo(5), photo(6)))
WAITS = Draft(pictures=WAITING.pictures, shown=7, at=NOW)
ALBUM_WAITS = Draft(pictures=ALBUM.pictures, shown=7, asked=Question.CHANGE, at=NOW)
SNOW = "make it snow"
HAT = "give us hats"
"""Words that may make one picture of several."""


def jobs(action: object) -> list[tuple[tuple[int, ...], str, int, str]]:
    """Return what was asked for: the pictures' messages, the words, the message that is answered, what tells it."""
    assert isinstance(action, Do)
    return [
        (tuple(picture.message_id for picture in each.pictures), each.words, each.reply_to, each.discriminator)
        for each in action.wanted
    ]


# ---------------------------------------------------------------- photos


@pytest.mark.parametrize(("seconds", "waiting"), [(10, (5, 6)), (11, (6,))])
def test_photos_within_seconds_of_each_other_are_an_album(seconds: int, waiting: tuple[int, ...]) -> None:
    after, action = step(WAITS, replace(photos(6), at=NOW + seconds))
    assert tuple(picture.message_id for picture in after.pictures) == waiting
    assert action == Ask(Question.CHANGE, waiting[0])


def test_photos_beyond_ten_are_named_as_left_out() -> None:
    draft, action = step(step(Draft(), photos(*range(1, 11)))[0], photos(11))
    assert len(draft.pictures) == MOST_PHOTOS
    assert action == Ask(Question.CHANGE, 1, left_out=1)


def test_caption_continues_words_that_wait_or_says_them_once_more() -> None:
    waits = Draft(words=SNOW, words_in=3, words_at=NOW - 3600, shown=4)
    after, action = step(waits, photos(5, words="at night"))
    assert jobs(action)[0][1] == f"{SNOW}\nat night"
    assert after.words == ""
    assert jobs(step(waits, photos(5, words="Make it snow"))[1])[0][1] == SNOW
    assert jobs(step(replace(waits, words_at=0), photos(5, words="at night"))[1])[0][1] == "at night"


def test_caption_about_photos_together_or_both_is_about_the_one_sent_just_before_too() -> None:
    assert jobs(step(WAITS, photos(6, words="swap them", how="together"))[1]) == [((5, 6), "swap them", 6, "")]
    assert jobs(step(WAITS, photos(6, words=SNOW))[1]) == [((6,), SNOW, 6, "")]
    assert [each[0] for each in jobs(step(WAITS, photos(6, words="both of these", how="each"))[1])] == [(5,), (6,)]


def test_caption_that_needs_another_photo_waits_for_it() -> None:
    after, action = step(Draft(), photos(5, words="put this into my next photo", how="together"))
    assert action == Ask(Question.OTHER, 5)
    later = replace(photos(7, words="here"), at=NOW + 60)
    assert jobs(step(after, later)[1])[0][:2] == ((5, 7), "put this into my next photo\nhere")


def test_album_with_words_that_may_join_it_asks_how_unless_they_say_so() -> None:
    after, action = step(Draft(), photos(5, 6, words=HAT))
    assert action == Ask(Question.HOW, 5)
    assert (after.words, after.pictures) == (HAT, ALBUM.pictures)
    assert jobs(step(Draft(), photos(5, 6, words=SNOW, how="together"))[1]) == [((5, 6), SNOW, 5, "")]
    each = [((5,), SNOW, 5, ""), ((6,), SNOW, 6, "m5")]
    assert jobs(step(Draft(), photos(5, 6, words=SNOW))[1]) == each
    assert jobs(step(Draft(), photos(5, 6, words=HAT, how="each"))[1]) == [(*one[:1], HAT, *one[2:]) for one in each]


def test_album_with_words_takes_the_photos_that_came_just_before_it() -> None:
    after, action = step(ALBUM_WAITS, photos(8, 9, words=HAT))
    assert action == Ask(Question.HOW, 8)
    assert [picture.message_id for picture in after.pictures] == [5, 6, 8, 9]
    numbers = [each[0] for each in jobs(step(ALBUM_WAITS, photos(8, 9, words=SNOW, how="each"))[1])]
    assert numbers == [(5,), (6,), (8,), (9,)]
    assert jobs(step(replace(ALBUM_WAITS, at=LONG_AGO), photos(8, 9, words=SNOW, how="together"))[1])[0][0] == (8, 9)


def test_album_together_names_what_is_more_than_a_job_takes() -> None:
    _after, action = step(Draft(), photos(5, 6, 7, 8, words=SNOW, how="together"))
    assert jobs(action) == [((5, 6, 7), SNOW, 5, "")]
    assert isinstance(action, Do)
    assert action.left_out == 1


# ---------------------------------------------------------------- words


def test_words_about_a_job_that_waits_are_added_to_its_own() -> None:
    after, action = step(ASKED_FOR, said("at night", thing(Stage.WAITING)))
    assert action == Reword(("old",), f"{SNOW}\nat night", 9)
    assert (after.words_in, after.words_at) == (9, NOW)


def test_words_about_a_running_job_are_for_its_result_or_continue_its_own() -> None:
    running = thing(Stage.RUNNING)
    action = step(ASKED_FOR, said("at night", running))[1]
    assert action == Do((Wanted((photo(1),), 9, "", "at night", after="old"),), 9, "each")
    made = step(ASKED_FOR, edited(1, "at night", jobs=(thing(Stage.RESULT),)))[1]
    assert made == Do((Wanted((photo(1),), 1, f"e1.{NOW}", "at night"),), 1, "each")
    _after, action = step(replace(ASKED_FOR, words_at=NOW - 10), said("at night", running))
    assert jobs(action) == [((1,), f"{SNOW}\nat night", 9, "")]
    assert isinstance(action, Do)
    assert (action.cancel, action.instead) == (("old",), ("old",))


def test_words_sent_twice_are_said_once() -> None:
    waiting = thing(Stage.WAITING)
    just_now = replace(ASKED_FOR, words_at=NOW)
    assert step(just_now, said("make it snow", waiting))[1] == Reword(("old",), SNOW, 9)


def test_words_about_an_album_that_is_done_or_stopped_are_about_all_of_it() -> None:
    ended = [Thing(Stage.ENDED, (photo(number),), job=f"job{number}", prompt=SNOW) for number in (5, 6)]
    after, action = step(ASKED_FOR, said(HAT, ended[1], jobs=tuple(ended)))
    assert (after.pictures, action) == (ALBUM.pictures, Ask(Question.HOW, 9))
    done = [Thing(Stage.RESULT, (result(number, f"job{number}"),), job=f"job{number}") for number in (5, 6)]
    darker = said("darker", done[1], jobs=tuple(done))
    assert [each[0] for each in jobs(step(ASKED_FOR, darker)[1])] == [(5,), (6,)]
    assert [each[0] for each in jobs(step(ASKED_FOR, replace(darker, how="together"))[1])] == [(5, 6)]
    assert [each[0] for each in jobs(step(ASKED_FOR, replace(darker, jobs=(), replied=True))[1])] == [(6,)]


def test_words_about_an_album_ask_how_and_may_be_continued() -> None:
    after, action = step(ALBUM_WAITS, said("put them", ALBUM))
    assert action == Ask(Question.HOW, 9)
    after, action = step(after, replace(said("side by side", ALBUM), id="m10", message_id=10))
    assert action == Ask(Question.HOW, 10)
    assert after.words == "put them\nside by side"
    after = replace(after, asked=Question.HOW)
    _after, action = step(after, HowChosen(id="p1", message_id=7, at=NOW, how="each"))
    assert jobs(action) == [((5,), after.words, 5, "m10"), ((6,), after.words, 6, "m10")]


def test_words_that_wait_for_a_photo_are_joined_by_a_reply_to_one() -> None:
    waits = Draft(words=SNOW, words_in=3, words_at=LONG_AGO, shown=4, asked=Question.WHICH)
    after, action = step(waits, said("this one", Thing(Stage.PHOTO, (photo(1),)), replied=True))
    assert jobs(action) == [((1,), f"{SNOW}\nthis one", 9, "")]
    assert (after.words, after.asked) == ("", "")


def test_answer_to_the_question_about_the_first_photo_is_about_both_if_it_says_so() -> None:
    first = Thing(Stage.PHOTO, (photo(5),))
    after, action = step(ALBUM_WAITS, said(SNOW, first))
    assert (jobs(action), after.pictures) == ([((5,), SNOW, 9, "")], (photo(6),))
    assert [each[0] for each in jobs(step(ALBUM_WAITS, said("both", first, how="each"))[1])] == [(5,), (6,)]


def test_reply_to_one_photo_of_an_album_leaves_the_other() -> None:
    after, action = step(ALBUM_WAITS, said(SNOW, Thing(Stage.PHOTO, (photo(5),)), replied=True))
    assert jobs(action) == [((5,), SNOW, 9, "")]
    assert after.pictures == (photo(6),)


def test_words_are_about_the_lowest_thing_above_them() -> None:
    above, below = thing(Stage.RESULT), WAITING
    things = [(above, (1, 2)), (below, (5, 7))]
    assert lowest(things, 9) is below
    assert lowest(things, 5) is above
    assert lowest(things, 1) is None


# ---------------------------------------------------------------- words that may be none for the bot


def test_doubtful_words_that_answer_the_bot_are_an_instruction() -> None:
    bunny = said("a bunny", WAITING, intent="question", doubt="much")
    assert jobs(step(WAITS, bunny)[1]) == [((5,), "a bunny", 9, "")]
    preset = Draft(preset="try-on", jobs=("old",))
    assert step(preset, replace(bunny, about=thing(Stage.RESULT)))[1] == Ask(Question.NEXT, 9)
    which = Draft(words=SNOW, words_in=3, shown=4, asked=Question.WHICH)
    assert jobs(step(WAITS, replace(bunny, doubt="some"))[1]) == [((5,), "a bunny", 9, "")]
    assert step(WAITS, replace(bunny, doubt=""))[1] == Reply("question")
    this = said("this one", thing(Stage.RESULT), intent="question", doubt="much", replied=True)
    assert jobs(step(which, this)[1]) == [((2,), f"{SNOW}\nthis one", 9, "")]


def test_doubtful_words_do_not_wait_for_a_photo_unless_they_continue_a_wish() -> None:
    for intent, doubt in (("", "some"), ("", "much"), ("question", "much")):
        assert step(Draft(), said("a bunny", intent=intent, doubt=doubt))[1] == Reply("question")
    waits = Draft(words=SNOW, words_in=3, words_at=NOW - 10)
    assert step(waits, said("a bunny", doubt="much"))[0].words == f"{SNOW}\na bunny"
    assert step(replace(waits, words_at=NOW - 11), said("a bunny", doubt="much"))[1] == Reply("question")


@pytest.mark.parametrize(("intent", "seconds", "taken"), [("", 10, True), ("", 11, True), ("question", 5, False)])
def test_doubtful_words_may_be_the_rest_of_a_wish(intent: str, seconds: int, taken: bool) -> None:
    draft, waiting = replace(ASKED_FOR, words_at=NOW - seconds), thing(Stage.WAITING)
    action = step(draft, said("a bunny", waiting, intent=intent, doubt="much"))[1]
    assert action == (Reword(("old",), f"{SNOW}\na bunny", 9) if taken else Reply("question"))


def test_correction_joins_the_words_that_wait_whenever_it_comes() -> None:
    green, both = said("no, green", thing(Stage.WAITING), intent="fix"), f"{SNOW}\nno, green"
    waits = thing(Stage.WAITING, prompt=SNOW)
    assert step(ASKED_FOR, replace(green, about=waits, at=NOW + 60))[1] == Reword(("old",), both, 9)
    just_now = replace(ASKED_FOR, words_at=NOW)
    action = step(just_now, replace(green, about=thing(Stage.RUNNING, prompt=SNOW)))[1]
    assert isinstance(action, Do)
    assert (jobs(action), action.cancel, action.instead) == ([((1,), both, 9, "")], ("old",), ("old",))
    words = Draft(words=SNOW, words_in=3, words_at=NOW - 60)
    assert step(words, said("*rain", intent="fix"))[0].words == f"{SNOW}\n*rain"


def test_yes_below_a_cancelled_job_does_it_after_all() -> None:
    action = step(ASKED_FOR, said("no, go on", thing(Stage.ENDED), intent="agreed"))[1]
    assert isinstance(action, Do)
    assert [(each.like, each.pictures) for each in action.wanted] == [("old", (photo(1),))]


@pytest.mark.parametrize(("intent", "meant"), [("", ""), ("question", "fix")])
def test_doubtful_words_in_a_reply_are_an_instruction(intent: str, meant: str) -> None:
    bunny = said("a bunny", thing(Stage.RESULT), intent=intent, doubt="much", replied=True)
    assert step(ASKED_FOR, bunny)[1] == step(ASKED_FOR, replace(bunny, intent=meant, doubt=""))[1]
    assert step(ASKED_FOR, replace(bunny, intent="question", doubt="some"))[1] == Reply("question", "old")


@pytest.mark.parametrize(("stage", "words"), [(Stage.WAITING, "red"), (Stage.RUNNING, "red")])
def test_words_after_a_stop_leave_those_before(stage: Stage, words: str) -> None:
    action = step(ASKED_FOR, said(words, thing(stage), anew=True))[1]
    if stage is Stage.WAITING:
        assert action == Reword(("old",), words, 9)
    else:
        assert isinstance(action, Do)
        assert (jobs(action), action.cancel) == ([((1,), words, 9, "")], ("old",))


def test_defect_of_a_result_starts_a_running_job_over() -> None:
    wrong = said("you cut my head off", thing(Stage.RUNNING), intent="fix")
    action = step(ASKED_FOR, wrong)[1]
    assert jobs(action) == [((1,), f"{SNOW}\nyou cut my head off", 9, "")]
    assert isinstance(action, Do)
    assert (action.cancel, action.instead) == (("old",), ())


def test_correction_in_reply_to_a_photo_is_done_to_it_with_its_jobs_words() -> None:
    about = replace(thing(Stage.RESULT), stage=Stage.PHOTO, pictures=(photo(1),), job="theirs")
    action = step(ASKED_FOR, said("and the toaster", about, intent="fix", replied=True))[1]
    assert action == Do((Wanted((photo(1),), 9, "", "and the toaster", like="theirs"),), 9, "each")


def test_caption_that_leans_on_what_was_done_last_has_it_done_to_its_photo() -> None:
    wanted = Wanted((photo(5),), 5, "", "but darker", like="old")
    assert step(ASKED_FOR, photos(5, words="but darker", again="again"))[1] == Do((wanted,), 5, "each")
    assert step(ASKED_FOR, photos(5, again="again"))[1] == Do((replace(wanted, words=""),), 5, "each")
    after, action = step(Draft(), photos(5, again="again"))
    assert (after.pictures, action) == ((photo(5),), Ask(Question.CHANGE, 5))


def test_again_about_one_of_the_photos_that_wait_for_words_is_about_all_of_them() -> None:
    asked = replace(ALBUM_WAITS, words=SNOW, words_in=8, asked=Question.HOW)
    this_too = said("this one too", Thing(Stage.PHOTO, (photo(5),)), intent="again", replied=True)
    after, action = step(asked, this_too)
    assert ([each[:2] for each in jobs(action)], after.words) == ([((5,), SNOW), ((6,), SNOW)], "")


def test_corrected_words_start_a_job_over_that_began_a_moment_ago() -> None:
    action = step(replace(ASKED_FOR, words_at=NOW), edited(1, "make it rain", jobs=(thing(Stage.RUNNING),)))[1]
    assert jobs(action) == [((1,), "make it rain", 1, f"e1.{NOW}")]
    assert isinstance(action, Do)
    assert (action.cancel, action.instead) == (("old",), ("old",))


DONE = tuple(
    Thing(Stage.RESULT, (result(number, f"job{number}"),), job=f"job{number}", sources=(photo(number - 10),))
    for number in (15, 16)
)


def test_words_that_name_one_of_several_results_are_about_that_one() -> None:
    second = said("the second one lighter", DONE[0], named=DONE[1], jobs=DONE)
    assert jobs(step(ASKED_FOR, second)[1])[0][0] == (16,)
    assert step(ASKED_FOR, replace(second, intent="stop"))[1] == Stop(result="job16")
    assert jobs(step(ASKED_FOR, replace(second, doubt="much"))[1])[0][0] == (16,)


def test_words_that_name_one_of_the_photos_that_wait_leave_the_others() -> None:
    first = said(SNOW, ALBUM, named=Thing(Stage.PHOTO, (photo(5),)))
    after, action = step(ALBUM_WAITS, first)
    assert (jobs(action), after.pictures) == ([((5,), SNOW, 9, "")], (photo(6),))
    after, action = step(ALBUM_WAITS, replace(first, intent="other"))
    assert (after.pictures, action) == ((photo(5),), Ask(Question.BACK, 5))
    asked = replace(ALBUM_WAITS, words=SNOW, words_in=8, words_at=NOW, asked=Question.HOW)
    after, action = step(asked, replace(first, words="the first one", intent="other"))
    assert (jobs(action), after.words) == ([((5,), SNOW, 9, "")], "")
    after, action = step(asked, said("both", ALBUM, intent="other", how="each"))
    assert [each[0] for each in jobs(action)] == [(5,), (6,)]
    after, action = step(Draft(), photos(5, 6, words=SNOW, named=Thing(Stage.PHOTO, (photo(6),))))
    assert (jobs(action), after.pictures) == ([((6,), SNOW, 5, "")], (photo(5),))


def test_undo_goes_back_to_the_picture_that_is_named() -> None:
    first = said("the first one was better", DONE[1], intent="undo", named=DONE[0])
    after, action = step(ASKED_FOR, first)
    assert (after.pictures, action) == (DONE[0].pictures, Ask(Question.BACK, 15))
    after, action = step(ASKED_FOR, replace(first, about=DONE[0]))
    assert (after.pictures, action) == (DONE[0].sources, Ask(Question.BACK, 5))


def test_picture_that_is_not_named_clearly_is_asked_for() -> None:
    about = thing(Stage.RESULT)
    assert step(ASKED_FOR, said("the one with the dog", about, intent="other"))[1] == Ask(Question.ONE_OF, 9)
    after, action = step(ASKED_FOR, said("this one", about, intent="other", replied=True))
    assert (after.pictures, action) == (about.pictures, Ask(Question.BACK, 2))


def test_larger_in_words_is_about_a_result_and_else_an_instruction() -> None:
    assert step(ASKED_FOR, said("in 4k", thing(Stage.RESULT), intent="larger"))[1] == Reply("larger", "old")
    assert jobs(step(WAITS, said("in 4k", WAITING, intent="larger"))[1])


# ---------------------------------------------------------------- buttons


@pytest.mark.parametrize(
    "press", [HowChosen(id="p1", message_id=9, at=NOW, how="each"), Resumed(id="p1", message_id=9, at=NOW)]
)
def test_buttons_of_a_question_that_is_answered_do_nothing(press: Event) -> None:
    assert step(Draft(), press)[1] == Expired()
    assert step(replace(ALBUM_WAITS, words=SNOW), press)[1] == Expired()


@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.RUNNING])
def test_preset_pressed_while_a_picture_is_in_the_works_is_done_to_it(stage: Stage) -> None:
    chosen = Chosen(id="p1", message_id=7, at=NOW, preset="old-photo", takes=1, about=thing(stage))
    _after, action = step(ASKED_FOR, chosen)
    assert isinstance(action, Do)
    assert [(each.preset, each.after) for each in action.wanted] == [("old-photo", "old")]


# ---------------------------------------------------------------- what is no instruction


def test_consent_does_what_waits_for_it_and_asks_again_where_there_is_a_choice() -> None:
    refused = replace(WAITS, words=SNOW, words_in=5)
    assert jobs(step(refused, said("yes", WAITING, intent="agreed"))[1]) == [((5,), SNOW, 9, "")]
    choice = replace(ALBUM_WAITS, words=SNOW, asked=Question.HOW)
    assert step(choice, said("yes", ALBUM, intent="agreed"))[1] == Ask(Question.HOW, 9)
    assert step(WAITS, said("yes", WAITING, intent="agreed"))[1] == Reply("thanks")


def test_question_is_asked_until_what_it_is_about_has_changed() -> None:
    choice = replace(ALBUM_WAITS, words=SNOW, words_in=8, asked=Question.HOW)
    assert step(choice, said("wow", ALBUM, intent="thanks"))[0].asked == Question.HOW
    assert step(choice, photos(12, words="a hat"))[0].asked == Question.HOW
    assert step(choice, said("stop", ALBUM, intent="stop"))[0].asked == ""
    assert step(choice, HowChosen(id="p1", message_id=7, at=NOW, how="each"))[0].asked == ""


def test_question_or_complaint_is_about_a_result_if_there_is_one() -> None:
    why = said("why?", intent="question")
    for stage in Stage:
        answer = Reply("question", "old" if stage is Stage.RESULT else "")
        assert step(ASKED_FOR, replace(why, about=thing(stage)))[1] == answer
    assert step(replace(WAITS, words=SNOW), replace(why, about=WAITING))[1] == Reply("question")


@pytest.mark.parametrize("intent", ["when", "thanks", "question", "help", "start", "presets"])
def test_text_without_an_instruction_is_answered_and_changes_nothing(intent: str) -> None:
    after, action = step(WAITS, said("hm", WAITING, intent=intent))
    assert action == Reply(intent)
    assert after == replace(WAITS, handled="m9")


# ---------------------------------------------------------------- corrections


def test_corrected_words_are_for_the_jobs_of_their_message() -> None:
    waiting, running = thing(Stage.WAITING), thing(Stage.RUNNING)
    assert step(ASKED_FOR, edited(1, "make it rain", jobs=(waiting,)))[1] == Reword(("old",), "make it rain", 1)
    action = step(ASKED_FOR, edited(1, "make it rain", jobs=(running,)))[1]
    assert action == Do((Wanted((photo(1),), 1, f"e1.{NOW}", "make it rain"),), 1, "each", cancel=("old",))
    assert step(ASKED_FOR, edited(1, "stop", intent="stop", jobs=(running,)))[1] == Stop(("old",))


@pytest.mark.parametrize(("intent", "taken"), [("question", True), ("help", True), ("again", False)])
def test_corrected_words_are_an_instruction_even_if_they_look_like_a_remark(intent: str, taken: bool) -> None:
    _after, action = step(ASKED_FOR, edited(1, "a blue hat", intent=intent, jobs=(thing(Stage.WAITING),)))
    assert isinstance(action, Reword) is taken


def test_correction_that_was_made_before_a_kill_is_confirmed() -> None:
    running = thing(Stage.RUNNING, prompt="make it rain")
    assert step(ASKED_FOR, edited(1, "make it rain", jobs=(running,)))[1] == Reword(("old",), "make it rain", 1)
    assert step(ASKED_FOR, said("make it rain", running))[1] == Reword(("old",), "make it rain", 9)
    joined = thing(Stage.RUNNING, prompt=f"{SNOW}\nat night")
    again = step(replace(ASKED_FOR, words_at=NOW), said("at night", joined))[1]
    assert again == Reword(("old",), f"{SNOW}\nat night", 9)
    others = (replace(joined, job="waits behind"), joined, replace(joined, job="first"))
    each = Reword(("waits behind", "old", "first"), f"{SNOW}\nat night", 9)
    assert step(replace(ASKED_FOR, words_at=NOW), said("at night", joined, jobs=others))[1] == each


def test_corrected_message_without_a_job_is_as_if_it_came_now() -> None:
    assert jobs(step(WAITS, edited(5, SNOW, picture=photo(5)))[1]) == [((5,), SNOW, 5, "")]
    assert jobs(step(Draft(), edited(5, SNOW, picture=photo(5)))[1]) == [((5,), SNOW, 5, "")]
    waits = Draft(words="make it", words_in=3)
    assert step(waits, edited(3, SNOW))[0].words == SNOW
    assert jobs(step(WAITS, edited(3, SNOW, about=WAITING))[1])[0][:2] == ((5,), SNOW)
    new = replace(photo(5), source=Attachment("another", None, None))
    after, action = step(WAITS, edited(5, "", picture=new))
    assert (after.pictures, action) == ((new,), Nothing())


# ---------------------------------------------------------------- what could not be done


def test_instruction_that_cannot_be_done_now_waits_and_can_be_resumed() -> None:
    before = Draft()
    after, action = step(before, photos(5, words=SNOW))
    assert isinstance(action, Do)
    kept = settle(before, after, action, [("job", NOT_NOW)])
    assert (kept.pictures, kept.words, kept.jobs) == ((photo(5),), SNOW, ())
    assert jobs(step(kept, Resumed(id="p1", message_id=8, at=NOW))[1])[0][:2] == ((5,), SNOW)


def test_question_that_is_not_answered_is_nothing_to_resume() -> None:
    press = Resumed(id="p1", message_id=8, at=NOW)
    assert step(replace(ALBUM_WAITS, words=SNOW), press)[1] == Expired()
    assert step(Draft(preset="try-on", pictures=(photo(1),)), press)[1] == Expired()


# ---------------------------------------------------------------- promises


@dataclass
class Job:
    pictures: tuple[Picture, ...]
    prompt: str
    shown: list[int]
    stage: Stage = Stage.WAITING


@dataclass
class World:
    """A private chat with a bot and its workers, in which everything happens at random."""

    chance: random.Random
    draft: Draft = field(default_factory=Draft)
    jobs: dict[str, Job] = field(default_factory=dict)
    number: int = 0
    now: int = NOW
    said: dict[int, str] = field(default_factory=dict)

    def next(self) -> int:
        self.number += 1
        return self.number

    def things(self) -> list[tuple[Thing, list[int]]]:
        """As `reading` finds them."""
        found = [(self.thing(job), self.jobs[job].shown) for job in self.draft.jobs]
        if self.draft.pictures:
            origin = self.draft.pictures[0].job
            sources = self.jobs[origin].pictures if origin in self.jobs else ()
            ids = [*(picture.message_id for picture in self.draft.pictures), self.draft.shown]
            found.append((Thing(Stage.PHOTO, self.draft.pictures, sources=sources), ids))
        return found

    def thing(self, name: str) -> Thing:
        job = self.jobs[name]
        shown = (result(job.shown[-1], name),) if job.stage is Stage.RESULT else job.pictures
        return Thing(job.stage, shown, name, job.prompt, job.pictures)

    def named(self, about: Thing) -> Thing | None:
        things = [(self.thing(job), max(self.jobs[job].shown)) for job in self.draft.jobs]
        things += [(Thing(Stage.PHOTO, (each,)), each.message_id) for each in self.draft.pictures]
        several = several_of(about, [thing for thing, _shown in sorted(things, key=lambda each: each[1])])
        return self.chance.choice((None, *several))

    def event(self) -> Event:
        self.now += self.chance.choice((1, 5, 60))
        for job in self.jobs.values():
            if job.stage in (Stage.WAITING, Stage.RUNNING) and self.chance.random() < 0.3:
                job.stage = {Stage.WAITING: Stage.RUNNING}.get(
                    job.stage, self.chance.choice([Stage.RESULT, Stage.ENDED])
                )
                if job.stage is Stage.RESULT and self.chance.random() < 0.2:  # it rings
                    job.shown.append(self.next())
        make = self.chance.choice(
            (
                self._photos,
                self._photos,
                self._said,
                self._said,
                self._said,
                self._intent,
                self._edited,
                self._pressed,
                self._chosen,
            )
        )
        return make()

    def _photos(self) -> Event:
        numbers = [self.next() for _ in range(self.chance.choice((1, 1, 1, 2, 4)))]
        words = f"w{numbers[0]}." if self.chance.random() < 0.4 else ""
        takes = {"try-on": 2, "old": 1}.get(self.draft.preset, 0)
        how = self.chance.choice(("", "", "each", "together"))
        return replace(photos(*numbers, words=words, how=how if words else "", takes=takes), at=self.now)

    def _said(self) -> Event:
        number = self.next()
        about, replied = lowest(self.things(), number), False
        if self.jobs and self.chance.random() < 0.2:
            about, replied = self.thing(self.chance.choice(list(self.jobs))), True
        named = self.named(about) if about is not None and not replied else None
        return Said(
            id=f"m{number}",
            message_id=number,
            at=self.now,
            words=f"w{number}.",
            about=about,
            replied=replied,
            named=named,
            intent=self.chance.choice(("", "", "fix", "question")),
            doubt=self.chance.choice(("", "", "some", "much")),
        )

    def _intent(self) -> Event:
        number = self.next()
        intent = self.chance.choice(("stop", "again", "undo", "other", "agreed", "thanks", "question"))
        about = lowest(self.things(), number)
        return Said(id=f"m{number}", message_id=number, at=self.now, words=intent, intent=intent, about=about)

    def _edited(self) -> Event:
        number = self.chance.choice(list(self.said) or [self.next()])
        own = [
            name for name in self.jobs if name in (f"{number}/", f"{number}/m{number}") or name.endswith(f"/m{number}")
        ]
        return Edited(
            id=f"e{number}.{self.now}",
            message_id=number,
            at=self.now,
            words=f"w{number}.e{self.next()}.",
            jobs=tuple(map(self.thing, own)),
            about=lowest(self.things(), self.number + 1),
        )

    def _pressed(self) -> Event:
        press: dict[str, Any] = {"id": f"p{self.next()}", "message_id": self.draft.shown, "at": self.now}
        return self.chance.choice((HowChosen(**press, how=self.chance.choice(("each", "together"))), Resumed(**press)))

    def _chosen(self) -> Event:
        number, (preset, takes) = self.next(), self.chance.choice((("try-on", 2), ("old", 1)))
        return Chosen(
            id=f"p{number}",
            message_id=number,
            at=self.now,
            preset=preset,
            takes=takes,
            about=lowest(self.things(), number),
        )

    def happens(self, event: Event) -> None:
        """Handle an event, perhaps twice because the bot was killed before it kept the draft."""
        before = self.draft
        if isinstance(event, Said | Photos | Edited) and event.words:
            self.said[event.message_id] = event.words
        rolled = self.chance.getstate()
        after, action = self._handle(before, event)
        if self.chance.random() < 0.2 and not isinstance(action, Reword):  # which reads the job's words once more
            self.chance.setstate(rolled)
            assert step(before, event) == (step(before, event)[0], action)
            jobs = set(self.jobs)
            after, _action = self._handle(before, event)
            assert set(self.jobs) == jobs
        self._check(before, event, after, action)
        self.draft = after
        assert step(after, event) == (after, Nothing())

    def _handle(self, before: Draft, event: Event) -> tuple[Draft, object]:
        after, action = step(before, event)
        match action:
            case Do():
                after = self._do(before, after, action)
            case Reword():
                for name in action.jobs:
                    self.jobs[name].prompt = action.words
            case Stop():
                for job in self.jobs.values():
                    if job.stage in (Stage.WAITING, Stage.RUNNING):
                        job.stage = Stage.ENDED
            case Ask():
                after = replace(after, shown=self.next(), asked=action.what)
        return after, action

    def _do(self, before: Draft, after: Draft, action: Do) -> Draft:
        known = set(self.jobs)  # whose requests are the same ones again
        taken = [self._submit(each) for each in action.wanted]
        chosen = {name: self.chance.choice((*[ACCEPTED] * 8, NOT_NOW, REFUSED, UNREADABLE)) for name in taken}
        outcomes = [(name, ACCEPTED if name in known else chosen[name]) for name in taken]
        for name, what in outcomes:
            if what is not ACCEPTED:
                self.jobs.pop(name, None)
        for name in action.cancel:
            self.jobs[name].stage = Stage.ENDED
        return settle(before, after, action, outcomes)

    def _submit(self, wanted: Wanted) -> str:
        name = f"{wanted.reply_to}/{wanted.discriminator}"
        prompt = with_earlier(self.jobs[wanted.like].prompt, wanted.words) if wanted.like else wanted.words
        if name not in self.jobs:
            self.jobs[name] = Job(wanted.pictures, prompt, [wanted.reply_to, self.next()])
        return name

    def _check(self, before: Draft, event: Event, after: Draft, action: object) -> None:
        wanted = action.wanted if isinstance(action, Do) else ()
        assert all(each.pictures and (each.words or each.preset or each.like) for each in wanted)
        assert len({(each.reply_to, each.discriminator) for each in wanted}) == len(wanted)
        if isinstance(event, Photos) and not event.words and not before.words and not before.preset:
            assert not wanted
        if isinstance(event, Said):
            self._check_said(event, after, action, wanted)

    def _check_said(self, event: Said, after: Draft, action: object, wanted: tuple[Wanted, ...]) -> None:
        about, wish = event.about, event.intent in WISHES
        replied = event.replied or event.named is not None
        if not wish and (not event.doubt or about is None or not (replied or about.stage is Stage.PHOTO)):
            assert not wanted or event.intent in ("again", "agreed")
            return
        if isinstance(action, Reply):
            assert not wish or (event.doubt and about is None)
            return
        if not wish and isinstance(action, Ask) and action.what in (Question.HOW, Question.OTHER):
            return  # the open question once more
        about = event.named or about
        if wanted:
            assert about is not None
            own = event.jobs if isinstance(event, Edited) else ()
            above = {picture for each in (about, *own) for picture in (*each.pictures, *each.sources)}
            assert all(set(each.pictures) <= above for each in wanted)
            assert all(event.words in each.words for each in wanted)
            done = [picture for each in wanted for picture in each.pictures]
            assert len(done) == len(set(done))
        elif isinstance(action, Reword):
            assert event.words in action.words
            assert action.jobs
        else:
            assert event.words in after.words


@pytest.mark.parametrize("seed", range(4))
def test_no_words_are_lost_or_done_twice_or_reach_another_picture(seed: int) -> None:
    for number in range(500):
        world = World(random.Random(f"{seed} {number}"))  # noqa: S311 - no secret
        for _ in range(world.chance.randint(1, 30)):
            world.happens(world.event())
