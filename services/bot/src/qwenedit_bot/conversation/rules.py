"""The rules of the conversation: how a message or button press changes the draft, and what the bot does.

A text refers to the lowest thing above it on the screen. Pure functions: `reading` turns updates into events, and
`acting` carries out the actions. If the bot is killed before it stores the draft, repeating a step gives the same
result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from qwenedit_bot.conversation.draft import Draft, How, Picture
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, RequestOutcome
from qwenedit_bot.pictures.sources import Attachment
from qwenedit_bot.texts.corrections import put_right
from qwenedit_bot.texts.intents import has, implied_how
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE_WISH = 10
"""Seconds within which texts, or photos without captions, belong together."""
MOST_PHOTOS = 10
"""Photos that may wait for one instruction: as many as an album has."""
STOP, AGAIN, UNDO, OTHER, LARGER = "stop", "again", "undo", "other", "larger"
"""Intents that change the draft; all others only get a reply. Consent does if something waits for it."""
FIX = "fix"
"""The intent of an instruction that corrects the one before, or says nothing without it.

Below a result, its job is repeated from its source with both texts: “a bit less” can't be applied to the result.
"""
WISHES = ("", FIX)


class Stage(StrEnum):
    """The state of a thing on the screen."""

    PHOTO = "photo"
    """Photos without a job, or an older picture that the user replies to."""
    WAITING = "waiting"
    """A job whose instruction can still change."""
    RUNNING = "running"
    """A job that has begun."""
    RESULT = "result"
    ENDED = "ended"
    """A job that failed or was cancelled."""


UNFINISHED = (Stage.WAITING, Stage.RUNNING)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something on the screen that a text may refer to."""

    stage: Stage
    pictures: tuple[Picture, ...]
    """The pictures that the instruction would edit: the result, if there is one."""
    job: str = ""
    prompt: str = ""
    """The job's instruction."""
    sources: tuple[Picture, ...] = ()
    """The source: the photos of the job, or of the job whose result it is."""
    words_in: int = 0
    """ID of the message that requested it."""
    told: str = ""
    """The prompt of the job whose result it is, with its preset's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a user did."""

    id: str
    """Its ID, the same each time it's handled."""
    message_id: int
    """The user's message, or the one that has the pressed button."""
    at: int
    """When it happened, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos(Event):
    """A photo or an album, with or without a caption."""

    pictures: tuple[Picture, ...]
    words: str = ""
    words_in: int = 0
    """Id of the message that has the words."""
    how: How = ""
    named: Thing | None = None
    """The photo that the caption selects by its place."""
    again: str = ""
    """The intent of a caption that repeats the last instruction: “other” does so in place of its photo."""
    takes: int = 0
    """Number of photos that the waiting preset takes; 0 if none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    """A text."""

    words: str
    intent: str = ""
    """Its intent; empty for an instruction that can stand alone."""
    doubt: str = ""
    """The doubt whether it's an instruction: “some” counts only if it answers the bot, “much” always."""
    how: How = ""
    named: Thing | None = None
    """The thing that it selects by its place."""
    about: Thing | None = None
    replied: bool = False
    """It's a reply to this thing."""
    jobs: tuple[Thing, ...] = ()
    """If it refers to a job: all jobs of the same instruction at the same stage; else those that it replaces."""
    anew: bool = False
    """It stopped these jobs first, as in “forget the hat, make it blue”."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Said):
    """A corrected message; `jobs` are those that it requested."""

    picture: Picture | None = None
    """The message's pictures now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(Event):
    """A preset was chosen; none if the user returns to the menu, which drops the waiting one."""

    preset: str
    takes: int
    about: Thing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HowChosen(Event):
    """The user chose whether each photo is edited on its own."""

    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The user continues a waiting request: they have pictures left again."""


class Question(StrEnum):
    """A question or notice of the bot; the draft has the rest."""

    CHANGE = "change"
    """What to change in the photos."""
    WHICH = "which"
    """Which photo the text refers to."""
    HOW = "how"
    """Whether to edit each photo on its own."""
    OTHER = "other"
    """The other photo, if the text needs several."""
    ONE_OF = "one_of"
    """Which of several pictures the text refers to."""
    NEXT = "next"
    """The next photo of a preset."""
    BACK = "back"
    """What to change in the picture that “undo” returned to."""
    FIRST = "first"
    """There is no picture before this one."""
    FORGOTTEN = "forgotten"
    """The last instruction is no longer known."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a question or notice about the draft."""

    what: Question
    to: int
    """The message to answer."""
    left_out: int = 0
    """Number of photos beyond those that may wait."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that a user asks for."""

    pictures: tuple[Picture, ...]
    reply_to: int
    discriminator: str
    """Distinguishes it from other jobs of the same message."""
    words: str = ""
    preset: str = ""
    like: str = ""
    """The job to repeat with another seed, adding `words` to its instruction."""
    after: str = ""
    """The job whose result it waits for and edits."""


@dataclass(frozen=True, slots=True)
class Do:
    """Request jobs."""

    wanted: tuple[Wanted, ...]
    words_in: int = 0
    how: How = ""
    cancel: tuple[str, ...] = ()
    """Jobs that these replace."""
    instead: tuple[str, ...] = ()
    """Replaced jobs that had just begun: they aren't charged."""
    left_out: int = 0
    """Number of photos beyond those that a job takes."""


@dataclass(frozen=True, slots=True)
class Reword:
    """Change the instruction of waiting jobs."""

    jobs: tuple[str, ...]
    words: str
    to: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Cancel jobs."""

    jobs: tuple[str, ...] | None = None
    """If None, all of the user's jobs and waiting requests."""
    result: str = ""
    """The job whose result is on the screen, in case there's nothing to cancel."""
    wrong: bool = False
    """The photo was the wrong one; the words wait for another."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply to a text that isn't an instruction."""

    intent: str
    result: str = ""
    """The job whose result is on the screen."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Say that a button has expired."""


Action: TypeAlias = Ask | Do | Reword | Stop | Reply | Nothing | Expired
Outcome: TypeAlias = tuple[Draft, Action]


def step(draft: Draft, event: Event) -> Outcome:
    """Return the draft after an event, and the bot's action."""
    if event.id == draft.handled:
        return draft, Nothing()
    match event:
        case Photos() if event.again and draft.jobs and not draft.words and not draft.preset:
            after, action = _again(draft, event, Thing(Stage.PHOTO, event.pictures), event.words)
            if event.again == OTHER and isinstance(action, Do):
                action = replace(action, cancel=draft.jobs[-1:])
        case Photos():
            after, action = _photos(draft, event)
        case Edited():
            after, action = _edited(draft, event)
        case Said():
            after, action = _said(draft, event)
        case Chosen():
            after, action = _chosen(draft, event)
        case HowChosen():
            after, action = _how_chosen(draft, event)
        case Resumed():
            after, action = _resumed(draft, event)
        case _:
            raise TypeError(event)
    asks = (bool(after.words), after.pictures) == (bool(draft.words), draft.pictures)
    return replace(after, handled=event.id, asked=draft.asked if asks else ""), action


def settle(before: Draft, after: Draft, done: Do, outcomes: Sequence[tuple[str, RequestOutcome]]) -> Draft:
    """Return the draft after its jobs were requested: what was refused for now continues to wait.

    `outcomes` has the job ID and the outcome of each wanted job.
    """
    accepted = [job for job, outcome in outcomes if outcome is RequestOutcome.ACCEPTED]
    jobs = (*(job for job in before.jobs if job not in accepted), *accepted)[-10:]
    later = [w for w, (_job, what) in zip(done.wanted, outcomes, strict=True) if what is RequestOutcome.NOT_NOW]
    if later:
        words = later[0].words if len(later[0].words) <= MAX_INSTRUCTION else ""
        return replace(
            after,
            jobs=jobs,
            pictures=tuple(picture for each in later for picture in each.pictures),
            at=0,
            words=words,
            words_in=done.words_in,
            preset=later[0].preset,
            how=done.how,
            asked="",
        )
    if accepted:
        return replace(after, jobs=jobs)
    used = {picture for each in done.wanted for picture in each.pictures}
    if not before.preset and used <= set(before.pictures):  # they waited, and nothing will ever come of them
        unreadable = any(what is RequestOutcome.UNREADABLE for _job, what in outcomes)
        # The words are for the next photo, unless they were refused themselves.
        words = done.wanted[0].words if unreadable else after.words
        return replace(after, words=words, words_in=done.words_in, words_at=0)
    return replace(before, handled=after.handled)


def can_resume(draft: Draft) -> bool:
    """Return whether a complete request waits, such as for the user's quota."""
    told = draft.preset or draft.words
    asked = bool(draft.preset) or len(draft.pictures) > 1
    return bool(told and draft.pictures and (draft.how or not asked))


def _photos(draft: Draft, event: Photos) -> Outcome:
    if draft.preset and event.takes:
        words = "\n".join(filter(None, (draft.words, event.words)))
        pictures = (*draft.pictures, *event.pictures)
        return _for_preset(draft, event, draft.preset, event.takes, pictures, words)
    draft = replace(draft, preset="")
    joins = bool(draft.pictures) and draft.at > 0 and abs(event.at - draft.at) <= ONE_WISH
    both = (*draft.pictures, *(each for each in event.pictures if each not in draft.pictures))
    if event.words:
        return _captioned(draft, event, both, joins=joins)
    if draft.words and (not draft.pictures or _lacks_another(draft)):
        after = replace(draft, pictures=both, at=event.at)
        if _lacks_another(after):
            return after, Ask(Question.OTHER, event.message_id)
        return _do(replace(after, words=""), event, both, draft.words, draft.how, words_in=draft.words_in)
    kept = both[:MOST_PHOTOS] if joins else event.pictures
    apart = joins and len(event.pictures) == 1
    after = replace(draft, pictures=kept, at=event.at, how="", words=draft.words if joins else "", apart=apart)
    left_out = len(both) - len(kept) if joins else 0
    if after.words:
        return after, Ask(Question.HOW, draft.words_in, left_out)
    return after, Ask(Question.CHANGE, kept[0].message_id if joins else event.message_id, left_out)


def _captioned(draft: Draft, event: Photos, both: tuple[Picture, ...], *, joins: bool) -> Outcome:
    """Apply a caption to its own photo, or to the photo that it names; or to all, if they make one picture."""
    number, named = event.words_in or event.message_id, event.pictures if event.named is None else event.named.pictures
    lacks = bool(draft.words) and _lacks_another(draft)
    how = "together" if lacks or (joins and implied_how(event.words) == "together") else event.how
    joins = joins and event.named is None and (how == "together" or len(named) > 1 or has("both", event.words))
    waits = lacks or joins or not draft.pictures
    words = with_earlier(draft.words, event.words) if waits and (draft.words_at or lacks) else event.words
    if how == "together" and len(both) == 1:  # such as “put this into my next photo”
        after = replace(draft, pictures=both, at=event.at, words=words, words_in=number, how=how)
        return after, Ask(Question.OTHER, event.message_id)
    draft = replace(draft, pictures=draft.pictures if event.named is None else both)
    draft = replace(draft, words="") if waits else draft
    return _do(draft, event, both if lacks or joins else named, words, how, words_in=number)


def _lacks_another(draft: Draft) -> bool:
    """Whether the words that wait are about several photos, of which one is there."""
    return draft.how == "together" and len(draft.pictures) == 1


def _said(draft: Draft, event: Said) -> Outcome:
    """Act on a text. If its meaning is in doubt, it's an instruction if it answers something."""
    if event.named is not None:
        back = event.intent == UNDO and event.about is not None and event.named.pictures != event.about.pictures
        intent = OTHER if back else event.intent
        event = replace(event, about=event.named, replied=True, jobs=(), intent=intent)
    thing = event.about
    if thing is None and event.doubt and event.intent in WISHES and not _continues(draft, event):
        return draft, Reply("question")
    if thing is None or not event.doubt:
        return _meant(draft, event)
    if _is_answer(draft, event, thing):
        return _meant(draft, event if event.intent in WISHES else replace(event, intent=""))
    return _meant(draft, as_wish(event) if event.doubt == "much" and event.replied else event)


def as_wish(event: Said) -> Said:
    """Return doubtful words as an instruction; a remark on a result corrects it."""
    intent = FIX if event.about is not None and event.about.stage is Stage.RESULT else ""
    return replace(event, intent=event.intent if event.intent in WISHES else intent)


def _meant(draft: Draft, event: Said) -> Outcome:
    thing, after = event.about, draft
    anew = thing is not None and thing.job and thing.stage in (Stage.PHOTO, Stage.RESULT)
    match event.intent if event.intent != LARGER or _result_of(event.about) else "":
        case "fix" if anew and len(event.jobs) <= 1 and (event.replied or not draft.preset):
            after, action = _again(draft, event, thing, event.words)
        case "" | "fix":
            after, action = _instructed(draft, event, thing)
        case "stop":
            after, action = _stop(draft, event, thing)
        case "again":
            after, action = _again(draft, event, thing)
        case "undo":
            after, action = _undo(draft, event, thing)
        case "how" | "other":
            after, action = _other(draft, event, thing)
        case "agreed" | "thanks" | "question" if draft.asked in (Question.HOW, Question.OTHER):
            action = Ask(Question(draft.asked), event.message_id)
        case "agreed":
            after, action = _agreed(draft, event, thing)
        case intent:
            praised = _result_of(thing) if intent == "thanks" else draft.praised
            after, action = replace(draft, praised=praised), Reply(intent, _result_of(thing))
    return after, action


def _is_answer(draft: Draft, event: Said, thing: Thing) -> bool:
    """Whether words answer the bot, or are the rest of a wish."""
    answers = draft.words and not draft.pictures if event.replied else draft.preset
    if thing.stage is Stage.PHOTO or answers:
        return True
    unfinished = thing.stage in UNFINISHED
    return unfinished and event.intent in WISHES and _continues(draft, event)


def _continues(draft: Draft, event: Event) -> bool:
    """Whether words came so soon after the last ones that they're the same wish."""
    return abs(event.at - draft.words_at) <= ONE_WISH


def _agreed(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    if thing is not None and thing.stage is Stage.ENDED:  # such as “no, go on” after “stop”
        return _again(draft, event, thing)
    return _resumed(draft, event) if can_resume(draft) else (draft, Reply("thanks", _result_of(thing)))


def _stop(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    if event.replied and thing is not None and thing.stage in UNFINISHED:
        return draft, Stop((thing.job,))
    return replace(draft, at=0, words="", words_at=0, preset="", how=""), Stop(result=_result_of(thing))


def _other(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    """Continue with another picture, or with several in the way named; ask which one if that isn't clear."""
    if event.how and thing is not None and thing.pictures == draft.pictures and len(thing.pictures) > 1:
        return _used(draft, event, event.how)
    if event.intent != OTHER:
        return _instructed(draft, event, thing)
    if thing is not None and thing.stage is not Stage.RESULT and not event.replied:  # it's the wrong photo
        after = replace(draft, pictures=(), at=0, words=thing.prompt, words_in=thing.words_in, words_at=0)
        return after, Stop((thing.job,) if thing.stage in UNFINISHED else (), wrong=bool(after.words))
    if thing is None or not event.replied:
        return draft, Ask(Question.ONE_OF, event.message_id)
    if draft.words:
        return _do(draft, event, thing.pictures, draft.words, draft.how, words_in=draft.words_in)
    return _back_to(draft, event, thing.pictures)


def _result_of(thing: Thing | None) -> str:
    return thing.job if thing is not None and thing.stage is Stage.RESULT else ""


def _instructed(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    words, at, number = event.words, event.at, event.message_id
    if draft.preset and not event.replied:
        words = with_earlier(draft.words, words)
        return replace(draft, words=words, words_at=at, words_in=number), Ask(Question.NEXT, number)
    if thing is None:
        goes_on = _continues(draft, event) or event.intent == FIX
        words = with_earlier(draft.words, words) if draft.words and goes_on else words
        after = replace(draft, words=words, words_at=at, words_in=number, how=event.how)
        return after, Nothing() if words != event.words else Ask(Question.WHICH, number)
    if thing.stage in UNFINISHED:
        return _about_jobs(draft, event, event.jobs or (thing,))
    pictures, how = thing.pictures, event.how
    if event.replied and thing.stage is Stage.RESULT and draft.pictures and implied_how(words) == "together":
        return _do(draft, event, (*pictures, *draft.pictures), words, "together", words_in=number)
    if draft.words and not draft.pictures:
        words = with_earlier(draft.words, words)
    elif set(pictures) & set(draft.pictures):
        how = draft.how or ("together" if draft.asked == Question.HOW and draft.words else how)
        words = with_earlier(draft.words, words)
        pictures = draft.pictures if how and not event.replied else pictures
    elif thing.prompt and event.intent == FIX and len(event.jobs) <= 1:
        words = with_earlier(thing.prompt, words)
    if event.jobs:  # what the same words have asked for is one thing
        pictures = tuple(dict.fromkeys(picture for job in event.jobs for picture in job.pictures))
        how = how or ("each" if thing.stage is Stage.RESULT else "")
    return _do(draft, event, pictures, words, how, words_in=number)


def _about_jobs(draft: Draft, event: Said, jobs: tuple[Thing, ...]) -> Outcome:
    """Add words to waiting jobs. If one has begun, they are for the results, or start all over if they correct them."""
    number, corrected = event.message_id, isinstance(event, Edited)
    whole = _put_right(jobs[0], event) if corrected else with_earlier("" if event.anew else jobs[0].prompt, event.words)
    after = replace(draft, words_at=event.at, words_in=draft.words_in if draft.words else number)
    if all(each.stage is Stage.WAITING or each.prompt == whole for each in jobs):
        return after, Reword(tuple(each.job for each in jobs), whole, number)
    at_once = _continues(draft, event)
    over = at_once or event.intent == FIX or event.anew
    wanted = tuple(
        Wanted(
            each.sources if over else each.pictures,
            number,
            f"{event.id}:{at}" if at else _answering(event)[1],
            words=whole if over else event.words,
            after="" if over else each.job,
        )
        for at, each in enumerate(jobs)
    )
    cancel = tuple(each.job for each in jobs) if over else ()
    return after, Do(wanted, words_in=number, how="each", cancel=cancel, instead=cancel if at_once else ())


def _edited(draft: Draft, event: Edited) -> Outcome:
    number, new, words = event.message_id, event.picture, event.words
    if event.jobs:
        return _corrected(draft, event)
    if draft.words_in == number:
        draft = replace(draft, words="")
    if new is None or event.intent not in WISHES:
        return _said(draft, event) if words else (draft, Nothing())
    if any(picture.message_id == number for picture in draft.pictures):
        pictures = tuple(new if picture.message_id == number else picture for picture in draft.pictures)
        draft = replace(draft, pictures=pictures)
        if words and not draft.preset:
            return _do(draft, event, pictures, words, event.how or draft.how, words_in=number)
    elif not draft.preset:
        return _photos(
            draft, Photos(id=event.id, message_id=number, at=event.at, pictures=(new,), words=words, words_in=number)
        )
    return draft, Nothing()


def _corrected(draft: Draft, event: Edited) -> Outcome:
    """Change the jobs that were asked for in a message: those that have begun, or had another photo, start over."""
    new, number = event.picture, event.message_id
    if event.intent == STOP:
        return draft, Stop(tuple(job.job for job in event.jobs))
    instructs = bool(event.words) and event.intent not in (AGAIN, UNDO)
    changed = [each for each in event.jobs if each.prompt != _put_right(each, event)]
    begun = instructs and any(each.stage is not Stage.WAITING for each in changed)
    if not begun and not any(new is not None and _has_another(job, new) for job in event.jobs):
        return _about_jobs(draft, event, event.jobs) if instructs else (draft, Nothing())
    wanted = [
        Wanted(
            tuple(new if new is not None and each.message_id == number else each for each in job.sources),
            number,
            f"{event.id}:{at}" if at else event.id,
            **{"words": right} if instructs and (right := _put_right(job, event)) != job.prompt else {"like": job.job},
        )
        for at, job in enumerate(event.jobs)
    ]
    unfinished = tuple(job.job for job in event.jobs if job.stage in UNFINISHED)
    waiting = tuple(job.job for job in event.jobs if job.stage is Stage.WAITING)
    free = unfinished if _continues(draft, event) else waiting
    after = replace(draft, words_at=event.at)
    return after, Do(tuple(wanted), words_in=number, how="each", cancel=unfinished, instead=free)


def _put_right(job: Thing, event: Said) -> str:
    """Return a job's instruction with the line replaced that a corrected message is like; else the message's words."""
    lines = get_close_matches(event.words, job.prompt.split("\n"), 1, 0.5)
    return job.prompt.replace(lines[0], event.words) if lines else put_right(job.prompt, event.words) or event.words


def _has_another(job: Thing, picture: Picture) -> bool:
    """Whether a job's message had another photo: Telegram may change the ID of the same one, but not its size."""
    had, new = [each.source for each in job.sources if each.message_id == picture.message_id], picture.source
    return isinstance(new, Attachment) and any(isinstance(each, Attachment) and each.size != new.size for each in had)


def _again(draft: Draft, event: Said | Photos, thing: Thing | None, words: str = "") -> Outcome:
    """Repeat a job, with these words added to its own."""
    if thing is not None and not words and draft.words and {*thing.pictures} <= {*draft.pictures}:
        return _do(draft, event, draft.pictures, draft.words, draft.how or "each", words_in=draft.words_in)
    like = thing.job if thing is not None and thing.job else "".join(draft.jobs[-1:])
    if thing is None or not like:
        return draft, Ask(Question.FORGOTTEN, event.message_id)
    how: How = "each" if thing.stage is Stage.PHOTO and event.how != "together" else "together"
    pictures = thing.pictures if thing.stage is Stage.PHOTO else thing.sources
    after, action = _do(draft, event, pictures, words, how, words_in=event.message_id)
    if isinstance(action, Do):
        wrong = event.jobs if isinstance(event, Said) and thing.stage is Stage.PHOTO else ()
        cancel, wanted = (each.job for each in wrong), (replace(each, like=like) for each in action.wanted)
        action = replace(action, wanted=tuple(wanted), cancel=tuple(cancel))
    return after, action


def _undo(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    if thing is not None and thing.stage in UNFINISHED:
        return replace(draft, words_at=0), Stop((thing.job,))
    return _back_to(draft, event, thing.sources if thing is not None else ())


def _back_to(draft: Draft, event: Said, pictures: tuple[Picture, ...]) -> Outcome:
    if not pictures:
        return draft, Ask(Question.FIRST, event.message_id)
    after = replace(draft, pictures=pictures, at=0, how="", words="", words_at=0)
    return after, Ask(Question.BACK, pictures[0].message_id)


def _chosen(draft: Draft, event: Chosen) -> Outcome:
    """Use a preset: while a picture is in the works, on what comes of it."""
    if not event.preset:
        return replace(draft, preset=""), Nothing()
    thing, pictures = event.about, event.about.pictures if event.about is not None else ()
    after, action = _for_preset(draft, event, event.preset, event.takes, pictures, draft.words)
    unfinished = thing is not None and thing.stage in UNFINISHED
    if thing is not None and unfinished and isinstance(action, Do) and len(pictures) == 1:
        action = replace(action, wanted=(replace(action.wanted[0], after=thing.job),))
    return after, action


def _for_preset(
    draft: Draft, event: Event, preset: str, takes: int, pictures: tuple[Picture, ...], words: str
) -> Outcome:
    if len(pictures) < takes:
        after = replace(draft, preset=preset, pictures=pictures, at=0, words=words, how="")
        return after, Ask(Question.NEXT, event.message_id)
    how: How = "each" if takes == 1 and len(pictures) > 1 else "together"
    draft = replace(draft, words="")
    return _do(draft, event, pictures, words, how, words_in=event.message_id, preset=preset, takes=takes)


def _how_chosen(draft: Draft, event: HowChosen) -> Outcome:
    asks = len(draft.pictures) > 1 and draft.asked and event.message_id == draft.shown
    return _used(draft, event, event.how) if asks else (draft, Expired())


def _used(draft: Draft, event: HowChosen | Said, how: How) -> Outcome:
    """Use the photos that wait in this way; “combine” alone says all."""
    if not draft.words and isinstance(event, Said) and how == "together":
        return _do(draft, event, draft.pictures, event.words, how, words_in=event.message_id)
    if not draft.words:
        return replace(draft, how=how, at=0), Ask(Question.CHANGE, event.message_id)
    return _do(draft, event, draft.pictures, draft.words, how, words_in=draft.words_in)


def _resumed(draft: Draft, event: Resumed | Said) -> Outcome:
    if not can_resume(draft):
        return draft, Expired()
    rest, number = replace(draft, words="", preset=""), draft.words_in or draft.pictures[0].message_id
    how: How = draft.how or "together"
    return _do(rest, event, draft.pictures, draft.words, how, words_in=number, preset=draft.preset)


def _do(
    draft: Draft,
    event: Event,
    pictures: tuple[Picture, ...],
    words: str,
    how: How,
    *,
    words_in: int,
    preset: str = "",
    takes: int = MAX_PICTURES,
) -> Outcome:
    """Ask for the jobs, or how several photos are meant."""
    if not how and len(pictures) > 1:
        how = implied_how(words)
        how = "" if how == "each" and draft.apart and len(pictures) <= MAX_PICTURES else how
    if len(pictures) > 1 and not how:
        at, kept = event.at if isinstance(event, Photos) else draft.at, pictures[:MOST_PHOTOS]
        after = replace(draft, pictures=kept, at=at, words=words, words_in=words_in, words_at=event.at)
        return after, Ask(Question.HOW, words_in, len(pictures) - len(kept))
    if how == "each" and len(pictures) > 1:
        wanted = tuple(
            Wanted((each,), each.message_id, _told(words_in, each.message_id), words, preset) for each in pictures
        )
        left_out = 0
    else:
        to, discriminator = _answering(event)
        if isinstance(event, HowChosen | Resumed):
            to, discriminator = words_in, "" if isinstance(event, HowChosen) else event.id
        elif isinstance(event, Chosen):
            to = pictures[0].message_id
        elif isinstance(event, Photos):
            discriminator = _told(words_in, to)
        wanted = (Wanted(pictures[:takes], to, discriminator, words, preset),)
        left_out = max(0, len(pictures) - takes)
    rest = tuple(each for each in draft.pictures if each not in pictures)
    after = replace(draft, pictures=rest, how="", preset="")
    if rest != draft.pictures or not rest:
        after = replace(after, words="")
    if not after.words:  # else these wait for other photos
        after = replace(after, words_in=words_in, words_at=event.at)
    return after, Do(wanted, words_in=words_in, how=how, left_out=left_out)


def _answering(event: Event) -> tuple[int, str]:
    """Return what a job's answer replies to, and what tells it from others: a message's own job has nothing."""
    own = not event.id.startswith("p") and not (isinstance(event, Edited) and event.jobs)
    return event.message_id, "" if own else event.id


def _told(words_in: int, answered: int) -> str:
    """Return what tells a job from others that answer the same photo: the message with its words, if it's another."""
    return "" if words_in == answered else f"m{words_in}"


def with_earlier(earlier: str, words: str) -> str:
    """Return words with earlier ones, unless these have the same line."""
    return earlier if f"\n{words}\n".casefold() in f"\n{earlier}\n".casefold() else behind(earlier, words)


def behind(earlier: str, words: str) -> str:
    """Return words behind earlier ones, or alone if both are too long; “*hat” puts a word of the earlier ones right."""
    both = put_right(earlier, words) or "\n".join(filter(None, (earlier, words)))
    return both if len(both) <= MAX_INSTRUCTION else words
