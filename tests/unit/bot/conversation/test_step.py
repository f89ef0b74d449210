"""The rules of the conversation: a test for each row of the design's table, and for each rule beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qwenedit_bot.conversation.draft import EMPTY, Draft, Picture
from qwenedit_bot.conversation.rules.events import (
    Accepted,
    Chosen,
    Edited,
    Event,
    HowChosen,
    Photos,
    Resumed,
    Said,
    Thing,
)
from qwenedit_bot.conversation.rules.jobs import MOST_PHOTOS, settle
from qwenedit_bot.conversation.rules.outcomes import Ask, Do, Expired, Nothing, Question, Reply, Reword, Stop
from qwenedit_bot.conversation.rules.step import step
from qwenedit_bot.conversation.screen import waiting_thing
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, RequestOutcome
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_bot.understanding.reader import Stage, Verb

NOW = 1_000
SNOW, RAIN = "make it snow", "make it rain"


def photo(number: int, size: int = 1) -> Picture:
    return Picture(Attachment(f"file {number}", size, None), number)


def result(number: int, job: str) -> Picture:
    return Picture(StoredPicture(f"result of {job}"), number, job)


def job_at(stage: Stage, name: str = "old", number: int = 1) -> Thing:
    """A job that edits a photo; its result is in the next message."""
    pictures = (result(number + 1, name),) if stage is Stage.RESULT else (photo(number),)
    return Thing(stage, pictures, name, SNOW, sources=(photo(number),), words_in=number)


def photos(*numbers: int, words: str = "", **more: Any) -> Photos:
    first = numbers[0]
    return Photos(id=f"m{first}", message_id=first, at=NOW, pictures=tuple(map(photo, numbers)), words=words, **more)


def said(words: str, *things: Thing, verb: Verb = Verb.EDIT, **more: Any) -> Said:
    return Said(id="m9", message_id=9, at=NOW, verb=verb, words=words, things=things, **more)


def edited(number: int, words: str, *jobs: Thing, **more: Any) -> Edited:
    return Edited(id=f"e{number}.77", message_id=number, at=NOW, words=words, jobs=jobs, **more)


def pressed(event: type[Event], **more: Any) -> Event:
    return event(**{"id": "p1", "message_id": 7, "at": NOW, **more})


def jobs(action: object) -> list[tuple[tuple[int, ...], str]]:
    """Return what is requested: the messages that show the pictures, and the words."""
    assert isinstance(action, Do)
    return [(tuple(picture.message_id for picture in each.pictures), each.words) for each in action.wanted]


PHOTO = Thing(Stage.PHOTO, (photo(5),))
ALBUM = Thing(Stage.PHOTO, (photo(5), photo(6)))
WAITS = Draft(pictures=PHOTO.pictures, shown=7, at=NOW)
ALBUM_WAITS = Draft(pictures=ALBUM.pictures, shown=7, asked=Question.CHANGE, at=NOW)


# ---------------------------------------------------------------- the table: on the screen | words


def test_words_with_nothing_on_the_screen_wait_for_a_photo() -> None:
    waits, action = step(EMPTY, said(SNOW))
    assert action == Ask(Question.WHICH, 9)
    after, action = step(waits, photos(12))
    assert jobs(action) == [((12,), SNOW)]
    assert after.words == ""


@pytest.mark.parametrize(
    ("draft", "about", "edits"),
    [
        pytest.param(WAITS, PHOTO, 5, id="photo that waits"),
        pytest.param(EMPTY, job_at(Stage.RESULT), 2, id="result"),
        pytest.param(EMPTY, job_at(Stage.ENDED), 1, id="job that failed"),
    ],
)
def test_words_edit_the_picture_on_the_screen(draft: Draft, about: Thing, edits: int) -> None:
    after, action = step(draft, said(SNOW, about))
    assert jobs(action) == [((edits,), SNOW)]
    assert after.pictures == ()


@pytest.mark.parametrize(("how", "edits"), [("each", [(5,), (6,)]), ("together", [(5, 6)])])
def test_words_about_an_album_ask_once_how_its_photos_are_used(how: str, edits: list[tuple[int, ...]]) -> None:
    after, action = step(ALBUM_WAITS, said(SNOW, ALBUM))
    assert action == Ask(Question.HOW, 9)
    after = replace(after, asked=Question.HOW)  # as the caller does
    assert jobs(step(after, pressed(HowChosen, how=how))[1]) == [(each, SNOW) for each in edits]


def test_words_about_an_album_longer_than_a_job_takes_edit_each_photo_up_to_ten() -> None:
    album = tuple(map(photo, range(11, 23)))
    waits = replace(ALBUM_WAITS, pictures=album[:4])
    assert [each[0] for each in jobs(step(waits, said(SNOW, Thing(Stage.PHOTO, album[:4])))[1])] == [
        (11,), (12,), (13,), (14,)
    ]  # fmt: skip
    assert len(jobs(step(EMPTY, photos(*range(11, 23), words=SNOW))[1])) == MOST_PHOTOS == 10


def test_words_about_a_job_that_has_not_begun_join_its_own() -> None:
    assert step(EMPTY, said("at night", job_at(Stage.WAITING)))[1] == Reword(("old",), f"{SNOW}\nat night", 9)


def test_words_about_a_running_job_wait_for_its_result() -> None:
    action = step(EMPTY, said("at night", job_at(Stage.RUNNING)))[1]
    assert jobs(action) == [((1,), "at night")]
    assert isinstance(action, Do)
    assert ([each.after for each in action.wanted], action.cancel) == (["old"], ())


def test_corrected_caption_of_a_job_that_has_not_begun_replaces_its_words() -> None:
    assert step(EMPTY, edited(1, RAIN, job_at(Stage.WAITING)))[1] == Reword(("old",), RAIN, 1)


@pytest.mark.parametrize(("stage", "cancels"), [(Stage.RUNNING, ("old",)), (Stage.RESULT, ())])
def test_corrected_caption_of_a_job_that_has_begun_offers_to_start_over(stage: Stage, cancels: tuple[str]) -> None:
    after, action = step(EMPTY, edited(1, RAIN, job_at(stage)))
    assert isinstance(action, Reword)
    assert action.jobs == ()
    assert after.offers == (action.offer,)
    after, action = step(after, pressed(Accepted, offer=action.offer))
    assert jobs(action) == [((1,), RAIN)]
    assert isinstance(action, Do)
    assert (action.cancel, after.offers) == (cancels, ())


# ---------------------------------------------------------------- verbs


def test_undo_goes_back_a_picture_at_a_time() -> None:
    first = replace(job_at(Stage.RESULT, "first"))
    second = Thing(Stage.RESULT, (result(4, "second"),), "second", RAIN, sources=first.pictures)
    draft, lowest = EMPTY, second
    for number in (2, 1):
        draft, action = step(draft, replace(said("", lowest, verb=Verb.UNDO), id=f"m{number}"))
        assert action == Ask(Question.BACK, number)
        waiting = waiting_thing(draft, (first, second))
        assert waiting is not None
        lowest = waiting
    assert draft.pictures == first.sources
    assert step(draft, said("", lowest, verb=Verb.UNDO))[1] == Ask(Question.FIRST, 9)


def test_again_repeats_a_job_with_another_seed() -> None:
    action = step(EMPTY, said("", job_at(Stage.RESULT), verb=Verb.AGAIN))[1]
    assert isinstance(action, Do)
    assert [(each.pictures, each.like) for each in action.wanted] == [((photo(1),), "old")]


def test_again_about_a_photo_repeats_the_newest_job_on_it() -> None:
    action = step(replace(WAITS, jobs=("first", "newest")), said("", PHOTO, verb=Verb.AGAIN))[1]
    assert isinstance(action, Do)
    assert [(each.pictures, each.like) for each in action.wanted] == [((photo(5),), "newest")]
    assert step(WAITS, said("", PHOTO, verb=Verb.AGAIN))[1] == Ask(Question.FORGOTTEN, 9)


def test_stop_cancels_everything_and_keeps_the_photos() -> None:
    after, action = step(replace(ALBUM_WAITS, words=SNOW), said("", ALBUM, verb=Verb.STOP, every=True))
    assert action == Stop()
    assert (after.pictures, after.words) == (ALBUM.pictures, "")


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.UNDO])
@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.RUNNING])
def test_stop_and_undo_of_an_unfinished_job_cancel_only_that(verb: Verb, stage: Stage) -> None:
    assert step(EMPTY, said("", job_at(stage), verb=verb))[1] == Stop(("old",))


def test_stop_in_reply_to_what_is_finished_cancels_nothing_else() -> None:
    reply = said("", job_at(Stage.RESULT), verb=Verb.STOP, replied=True)
    assert step(replace(WAITS, words=SNOW), reply) == (replace(WAITS, words=SNOW, handled="m9"), Stop((), "old"))


def test_words_that_a_running_job_has_already_are_not_applied_twice() -> None:
    assert step(EMPTY, said(SNOW, job_at(Stage.RUNNING)))[1] == Reword(("old",), SNOW, 9)


def test_words_for_a_preset_that_waits_for_the_quota_join_it_instead_of_asking_for_one_photo_more() -> None:
    waits = Draft(pictures=ALBUM.pictures, preset="try-on", how="together")
    action = step(waits, said(SNOW, ALBUM))[1]
    assert jobs(action) == [((5, 6), SNOW)]
    assert isinstance(action, Do)
    assert action.wanted[0].preset == "try-on"


def test_instead_replaces_an_unfinished_job() -> None:
    action = step(EMPTY, said(RAIN, job_at(Stage.RUNNING), verb=Verb.INSTEAD))[1]
    assert jobs(action) == [((1,), RAIN)]
    assert isinstance(action, Do)
    assert (action.cancel, action.wanted[0].after) == (("old",), "")


def test_remark_is_an_instruction_once_its_offer_is_accepted() -> None:
    after, action = step(WAITS, said("so cool", PHOTO, verb=Verb.REMARK))
    assert isinstance(action, Reply)
    assert (after.pictures, after.offers) == (WAITS.pictures, (action.offer,))
    after, action = step(after, pressed(Accepted, offer=action.offer))
    assert jobs(action) == [((5,), "so cool")]
    assert (after.pictures, after.offers) == ((), ())
    assert step(after, pressed(Accepted, id="p2", offer=None))[1] == Expired()


@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.RUNNING])
def test_remark_about_a_job_in_the_works_offers_nothing(stage: Stage) -> None:
    assert step(EMPTY, said("so cool", job_at(stage), verb=Verb.REMARK))[1] == Reply(Verb.REMARK)


@pytest.mark.parametrize("verb", [Verb.STATUS, Verb.HELP])
def test_question_changes_nothing(verb: Verb) -> None:
    after, action = step(WAITS, said("", PHOTO, verb=verb))
    assert action == Reply(verb)
    assert replace(after, handled="") == WAITS


def test_text_beyond_the_bound_replaces_the_earlier_one() -> None:
    long = "x" * (MAX_INSTRUCTION - 5)
    assert step(EMPTY, said(long, job_at(Stage.WAITING)))[1] == Reword(("old",), long, 9)


# ---------------------------------------------------------------- photos and presets


@pytest.mark.parametrize(("seconds", "waiting"), [(10, (5, 6)), (11, (6,))])
def test_photos_within_seconds_of_each_other_are_an_album(seconds: int, waiting: tuple[int, ...]) -> None:
    after, action = step(WAITS, replace(photos(6), at=NOW + seconds))
    assert tuple(picture.message_id for picture in after.pictures) == waiting
    assert action == Ask(Question.CHANGE, waiting[0])


def test_album_beyond_ten_photos_says_how_many_are_left_out() -> None:
    after, action = step(step(EMPTY, photos(*range(1, 11)))[0], photos(11))
    assert (len(after.pictures), action) == (10, Ask(Question.CHANGE, 1, left_out=1))


def test_album_together_uses_as_many_photos_as_a_job_takes() -> None:
    action = step(EMPTY, photos(5, 6, 7, 8, words=SNOW, how="together"))[1]
    assert jobs(action) == [((5, 6, 7), SNOW)]
    assert isinstance(action, Do)
    assert action.left_out == 1


def test_album_keeps_the_photos_that_a_reply_to_one_of_them_is_not_about() -> None:
    after, action = step(ALBUM_WAITS, said(SNOW, PHOTO, replied=True))
    assert (jobs(action), after.pictures) == ([((5,), SNOW)], (photo(6),))


def test_caption_joins_the_words_that_wait_for_a_photo() -> None:
    waits = Draft(words=SNOW, words_in=3, shown=4)
    assert jobs(step(waits, photos(5, words="at night"))[1]) == [((5,), f"{SNOW}\nat night")]
    assert jobs(step(waits, photos(5, words="Make it snow"))[1]) == [((5,), SNOW)]


def test_question_stays_open_until_what_it_asks_about_changes() -> None:
    asked = replace(ALBUM_WAITS, words=SNOW, asked=Question.HOW)
    assert step(asked, said("", ALBUM, verb=Verb.REMARK))[0].asked == Question.HOW
    assert step(asked, said("", ALBUM, verb=Verb.STOP, every=True))[0].asked == ""
    assert step(asked, pressed(HowChosen, message_id=8, how="each"))[1] == Expired()  # another question's button


def test_preset_waits_until_it_has_its_photos_and_takes_words_meanwhile() -> None:
    draft, action = step(WAITS, pressed(Chosen, preset="try-on", takes=2, about=PHOTO))
    assert action == Ask(Question.NEXT, 7)
    draft, action = step(draft, said("in red", PHOTO))
    assert action == Ask(Question.NEXT, 9)
    after, action = step(draft, photos(10, takes=2))
    assert jobs(action) == [((5, 10), "in red")]
    assert isinstance(action, Do)
    assert ([each.preset for each in action.wanted], after.preset, after.pictures) == (["try-on"], "", ())


@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.RUNNING])
def test_preset_chosen_while_a_job_is_in_the_works_edits_its_result(stage: Stage) -> None:
    action = step(EMPTY, pressed(Chosen, preset="old-photo", takes=1, about=job_at(stage)))[1]
    assert isinstance(action, Do)
    assert [(each.preset, each.after) for each in action.wanted] == [("old-photo", "old")]


# ---------------------------------------------------------------- corrections


def test_corrected_message_without_words_leaves_its_jobs_alone() -> None:
    for stage in Stage:
        assert step(EMPTY, edited(1, "", job_at(stage)))[1] == Nothing()


def test_corrected_message_that_says_stop_cancels_its_unfinished_jobs() -> None:
    both = (job_at(Stage.RUNNING), job_at(Stage.RESULT, "done", 3))
    assert step(EMPTY, edited(1, "stop", *both, verb=Verb.STOP))[1] == Stop(("old",))


def test_corrected_caption_of_an_album_changes_what_waits_and_offers_the_rest() -> None:
    album = [job_at(stage, stage, number) for number, stage in enumerate((Stage.RUNNING, Stage.WAITING), 1)]
    after, action = step(EMPTY, edited(1, RAIN, *album))
    assert isinstance(action, Reword)
    assert (action.jobs, [each.cancel for each in after.offers]) == (("waiting",), [("running",)])


def test_corrected_caption_of_a_failed_job_requests_it_anew() -> None:
    assert jobs(step(EMPTY, edited(1, RAIN, job_at(Stage.ENDED)))[1]) == [((1,), RAIN)]


def test_corrected_message_with_another_photo_replaces_its_job() -> None:
    action = step(EMPTY, edited(1, "", job_at(Stage.WAITING), picture=photo(1, size=2)))[1]
    assert isinstance(action, Do)
    assert (action.cancel, [each.pictures for each in action.wanted]) == (("old",), [(photo(1, size=2),)])
    same = replace(photo(1), source=Attachment("another ID of the same file", 1, None))
    assert step(EMPTY, edited(1, RAIN, job_at(Stage.WAITING), picture=same))[1] == Reword(("old",), RAIN, 1)


def test_corrected_message_without_a_job_changes_what_waits() -> None:
    assert step(Draft(words="make it", words_in=3), edited(3, SNOW))[0].words == SNOW
    another = photo(5, size=2)
    assert step(WAITS, edited(5, "", picture=another))[0].pictures == (another,)
    for draft in (WAITS, EMPTY):
        assert jobs(step(draft, edited(5, SNOW, picture=photo(5)))[1]) == [((5,), SNOW)]


# ---------------------------------------------------------------- refusals, and repeated events


def test_request_refused_for_now_waits_until_it_is_resumed() -> None:
    for event in (photos(5, words=SNOW), photos(5, 6, words=SNOW, how="each")):
        after, action = step(EMPTY, event)
        assert isinstance(action, Do)
        kept = settle(EMPTY, after, action, [(f"job {each}", RequestOutcome.NOT_NOW) for each in action.wanted])
        assert (kept.pictures, kept.words, kept.jobs) == (event.pictures, SNOW, ())
        assert jobs(step(kept, pressed(Resumed))[1]) == jobs(action)


def test_request_refused_for_now_is_all_that_waits_of_an_album() -> None:
    after, action = step(EMPTY, photos(5, 6, words=SNOW, how="each"))
    assert isinstance(action, Do)
    kept = settle(EMPTY, after, action, [("one", RequestOutcome.ACCEPTED), ("two", RequestOutcome.NOT_NOW)])
    assert (kept.pictures, kept.jobs) == ((photo(6),), ("one",))


def test_photo_that_cannot_be_read_leaves_its_words_for_the_next_one() -> None:
    after, action = step(WAITS, said(SNOW, PHOTO))
    assert isinstance(action, Do)
    kept = settle(WAITS, after, action, [("job", RequestOutcome.UNREADABLE)])
    assert jobs(step(kept, photos(12))[1]) == [((12,), SNOW)]


@pytest.mark.parametrize("draft", [EMPTY, replace(ALBUM_WAITS, words=SNOW), Draft(preset="p", pictures=(photo(1),))])
def test_resume_needs_a_request_that_is_complete(draft: Draft) -> None:
    assert step(draft, pressed(Resumed))[1] == Expired()


def test_event_applied_to_the_draft_that_has_it_does_nothing() -> None:
    after, _action = step(EMPTY, photos(5, words=SNOW))
    assert step(after, photos(5, words=SNOW)) == (after, Nothing())
