"""Every rule of the conversation: what a message or a press changes in a draft, and what the bot does about it.

Words are about the lowest thing on the screen above them. Nothing here waits, and nothing knows Telegram or Redis:
`reading` turns updates into events, and `acting` carries actions out. A step that is made again, because the bot was
killed before it kept the draft, comes to the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from qwenedit_bot.conversation.draft import MOST_JOBS, Draft, How, Picture
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, RequestOutcome
from qwenedit_bot.pictures.sources import Attachment
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ONE_WISH = 10
"""Seconds: words, or photos without any, that follow each other faster belong together."""
MOST_PHOTOS = 10
"""Photos that wait for the same words: as many as an album has."""
STOP, AGAIN, UNDO = "stop", "again", "undo"
"""Intents that change the draft; all others are answered."""


class Stage(StrEnum):
    """What can be done about a thing on the screen."""

    PHOTO = "photo"
    """Photos that are no job's yet, or an older picture that somebody replies to."""
    WAITING = "waiting"
    """A job that takes other words."""
    RUNNING = "running"
    """A job that has begun."""
    RESULT = "result"
    ENDED = "ended"
    """A job that failed or was cancelled."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What words may be about."""

    stage: Stage
    pictures: tuple[Picture, ...]
    """What the words would be done to: the result, if there is one."""
    job: str = ""
    prompt: str = ""
    """What the job is asked to do."""
    sources: tuple[Picture, ...] = ()
    """Where it came from: the job's photos, or those of the job whose result it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a user did."""

    id: str
    """The same however often it is handled."""
    message_id: int
    """The message that is answered: the user's, or the one that a pressed button's message answers."""
    at: int
    """When it happened, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos(Event):
    """A photo or an album, with or without words."""

    pictures: tuple[Picture, ...]
    words: str = ""
    words_in: int = 0
    """Id of the message that has the words."""
    how: How = ""
    takes: int = 0
    """Photos that the preset takes which waits for them; 0: none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    """Words."""

    words: str
    intent: str = ""
    """What they mean if they are no instruction."""
    how: How = ""
    about: Thing | None = None
    replied: bool = False
    """They reply to this very thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Event):
    """A message that was corrected."""

    words: str
    intent: str = ""
    how: How = ""
    picture: Picture | None = None
    """What the message shows now."""
    jobs: tuple[Thing, ...] = ()
    """Jobs that were asked for in it."""
    about: Thing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(Event):
    """A preset was pressed."""

    preset: str
    takes: int
    about: Thing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsed(Event):
    """Somebody looks at the presets again: the one that waits for photos is not meant any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HowChosen(Event):
    """Whether each photo is done on its own was pressed."""

    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunChosen(Event):
    """What to do about jobs that have begun was pressed."""

    over: bool
    """Begin them anew; else the words are for their results."""
    jobs: tuple[Thing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The user wants what could not be done before: they have pictures left again."""


class Question(StrEnum):
    """What the bot asks or tells; the draft has the rest."""

    CHANGE = "change"
    """What to change in the photos."""
    WHICH = "which"
    """Which photo the words are about."""
    HOW = "how"
    """Whether each photo is done on its own."""
    BEGUN = "begun"
    """Whether to begin anew, or to go on with the result."""
    OTHER = "other"
    """The other photo, where the words are about several."""
    NEXT = "next"
    """The next photo of a preset."""
    BACK = "back"
    """What to change in the picture that “undo” went back to."""
    FIRST = "first"
    """There is no picture before this one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask or tell something about the draft."""

    what: Question
    to: int
    """The message that is answered."""
    left_out: int = 0
    """How many photos are more than may wait for the same words."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job that a user asks for."""

    pictures: tuple[Picture, ...]
    reply_to: int
    discriminator: str
    """Tells it from other jobs whose answer replies to the same message."""
    words: str = ""
    preset: str = ""
    like: str = ""
    """The job that is done again: it has the words, and all else but the seed."""


@dataclass(frozen=True, slots=True)
class Do:
    """Ask for jobs."""

    wanted: tuple[Wanted, ...]
    words_in: int = 0
    how: How = ""
    cancel: tuple[str, ...] = ()
    """Jobs in whose place these come."""
    instead: tuple[str, ...] = ()
    """Those of them that have cost nothing but a few seconds: they aren't counted beside these."""
    left_out: int = 0
    """How many photos are more than one job takes."""
    taken: int = 0
    """Id of the bot's question that these photos have answered; it shows the words now."""


@dataclass(frozen=True, slots=True)
class After:
    """Ask for jobs with the results of others, which are not there yet."""

    wanted: tuple[tuple[str, Wanted], ...]
    """Each with the job whose result it is about."""


@dataclass(frozen=True, slots=True)
class Reword:
    """Give jobs that wait other words."""

    jobs: tuple[str, ...]
    words: str
    to: int
    late: int = 0
    """How many more have begun: what about them is asked."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Cancel jobs."""

    jobs: tuple[str, ...] | None = None
    """None: all of the user's, with what follows them."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer words that are no instruction."""

    intent: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Say that a button is about nothing any more."""


Action: TypeAlias = Ask | Do | After | Reword | Stop | Reply | Nothing | Expired
Outcome: TypeAlias = tuple[Draft, Action]


def step(draft: Draft, event: Event) -> Outcome:
    """Return what a draft becomes, and what is to be done, when something happens."""
    if event.id == draft.handled:
        return draft, Nothing()
    match event:
        case Photos():
            after, action = _photos(draft, event)
        case Said():
            after, action = _said(draft, event)
        case Edited():
            after, action = _edited(draft, event)
        case Chosen():
            pictures = event.about.pictures if event.about is not None else ()
            after, action = _for_preset(draft, event, event.preset, event.takes, pictures, _pending(draft))
        case Browsed():
            after, action = replace(draft, preset=""), Nothing()
        case HowChosen():
            after, action = _how_chosen(draft, event)
        case BegunChosen():
            after, action = _begun_chosen(draft, event)
        case Resumed():
            after, action = _resumed(draft, event)
        case _:
            raise TypeError(event)
    return replace(after, handled=event.id), action


def settle(before: Draft, after: Draft, done: Do, outcomes: Sequence[tuple[str, RequestOutcome]]) -> Draft:
    """Return what a draft becomes once its jobs were asked for: what could not be done now goes on waiting.

    Args:
        before: The draft as it was.
        after: The draft if all is accepted.
        done: What was asked for.
        outcomes: The job's id and what became of it, for each that was wanted.
    """
    accepted = [job for job, outcome in outcomes if outcome is RequestOutcome.ACCEPTED]
    jobs = (*(job for job in before.jobs if job not in accepted), *accepted)[-MOST_JOBS:]
    later = [w for w, (_job, what) in zip(done.wanted, outcomes, strict=True) if what is RequestOutcome.NOT_NOW]
    if later:
        words = later[0].words if len(later[0].words) <= MAX_INSTRUCTION else ""
        return replace(
            after, jobs=jobs, pictures=tuple(picture for each in later for picture in each.pictures), at=0, on=(),
            words=words, words_in=done.words_in, preset=later[0].preset, how=done.how,
        )  # fmt: skip
    if accepted:
        return replace(after, jobs=jobs)
    used = {picture for each in done.wanted for picture in each.pictures}
    if not before.preset and used <= set(before.pictures):  # they waited, and nothing will ever come of them
        after = replace(after, said=before.said, said_at=before.said_at)
        if any(what is RequestOutcome.UNREADABLE for _job, what in outcomes):  # the words are for the next photo
            after = replace(after, words=done.wanted[0].words, words_in=done.words_in, words_at=0)
        return after
    return replace(before, handled=after.handled)


def can_resume(draft: Draft) -> bool:
    """Whether photos and words wait that lack nothing: they couldn't be done before, as when no picture was left."""
    told = draft.preset or draft.words
    asked = bool(draft.preset) or len(draft.pictures) > 1
    return bool(told and draft.pictures and not draft.on and (draft.how or not asked))


def lowest(things: Iterable[tuple[Thing, Iterable[int]]], below: int) -> Thing | None:
    """Return the thing under which words were written: the lowest one above their message.

    Args:
        things: Each with the ids of all messages that have shown it.
        below: Id of the message with the words: ids grow downwards.
    """
    places = ((max((place for place in shown if place < below), default=0), thing) for thing, shown in things)
    above = [(place, thing) for place, thing in places if place]
    return max(above, key=lambda each: each[0])[1] if above else None


def _photos(draft: Draft, event: Photos) -> Outcome:
    if draft.preset and event.takes:
        words = "\n".join(filter(None, (draft.words, event.words)))
        pictures = (*draft.pictures, *event.pictures)
        return _for_preset(draft, event, draft.preset, event.takes, pictures, words)
    draft = replace(draft, preset="")
    joins = bool(draft.pictures) and draft.at > 0 and abs(event.at - draft.at) <= ONE_WISH
    new = tuple(each for each in event.pictures if each not in draft.pictures)
    both = (*draft.pictures, *new)[:MOST_PHOTOS]
    left_out = len(draft.pictures) + len(new) - len(both) if joins else 0
    if event.words:
        return _captioned(draft, event, both if joins and event.how == "together" else event.pictures)
    if draft.words and not draft.on and (not draft.pictures or _lacks_another(draft)):
        return _told_before(draft, event, both)
    after = replace(draft, pictures=both if joins else event.pictures, at=event.at, how="")
    if draft.words and not draft.on:
        if joins:
            return after, Ask(Question.HOW, draft.words_in, left_out)
        after = replace(after, words="")
    return after, Ask(Question.CHANGE, both[0].message_id if joins else event.message_id, left_out)


def _captioned(draft: Draft, event: Photos, pictures: tuple[Picture, ...]) -> Outcome:
    """Do photos with the words beside them and with those that wait."""
    number = event.words_in or event.message_id
    if not draft.words or draft.pictures or draft.on:
        return _do(draft, event, pictures, event.words, event.how, words_in=number)
    words = _both(draft.words, event.words)
    return _do(replace(draft, words=""), event, pictures, words, event.how, words_in=number, taken=draft.shown)


def _told_before(draft: Draft, event: Photos, pictures: tuple[Picture, ...]) -> Outcome:
    """Do photos with the words that wait for them, once there are as many as these are about."""
    after = replace(draft, pictures=pictures, at=event.at)
    if _lacks_another(after):
        return after, Ask(Question.OTHER, event.message_id)
    return _do(
        replace(after, words=""), event, pictures, draft.words, draft.how, words_in=draft.words_in, taken=draft.shown
    )


def _lacks_another(draft: Draft) -> bool:
    """Whether the words that wait are about several photos, of which one is there."""
    return draft.how == "together" and len(draft.pictures) == 1


def _said(draft: Draft, event: Said) -> Outcome:
    match event.intent:
        case "":
            return _instructed(draft, event, event.about, replied=event.replied)
        case "stop":
            return replace(draft, words="", on=(), preset="", how="", said=""), Stop()
        case "again":
            return _again(draft, event, event.about)
        case "undo":
            return _undo(draft, event, event.about)
        case intent:
            return draft, Reply(intent)


def _instructed(draft: Draft, event: Said | Edited, thing: Thing | None, *, replied: bool = False) -> Outcome:
    words, at, number = event.words, event.at, event.message_id
    if draft.preset and not replied:
        words = _joined(draft.words, draft.words_at, words, at)
        return replace(draft, words=words, words_at=at, words_in=number), Ask(Question.NEXT, number)
    if thing is None:
        joined = _joined(draft.words, draft.words_at, words, at) if not draft.on and not draft.pictures else words
        after = replace(draft, words=joined, words_at=at, words_in=number, on=(), how=event.how)
        asked = draft.words and joined != words
        return after, Nothing() if asked else Ask(Question.WHICH, number)
    if thing.stage is Stage.PHOTO:
        own = bool(set(thing.pictures) & set(draft.pictures))
        if own and draft.words and not draft.on:
            words = _joined(draft.words, draft.words_at, words, at)
        how = event.how or (draft.how if own else "")
        return _do(draft, event, thing.pictures, words, how, words_in=number)
    if thing.stage is Stage.RESULT and not _reworded_by(draft, thing, words, at):
        return _do(draft, event, thing.pictures, words, "", words_in=number)
    return _about_job(draft, event, thing)


def _about_job(draft: Draft, event: Said | Edited, thing: Thing) -> Outcome:
    """Words about a job that has no result yet."""
    words, at, number = event.words, event.at, event.message_id
    newest = draft.jobs[-1:] == (thing.job,)
    joined = _joined(draft.said, draft.said_at, words, at) if newest else words
    if thing.stage is Stage.ENDED:
        return _do(draft, event, thing.pictures, words, "", words_in=number)
    if thing.stage is Stage.WAITING or thing.prompt in (words, joined):
        after = replace(draft, said=joined, said_in=number, said_at=at) if newest else draft
        return after, Reword((thing.job,), joined, number)
    if joined != words:  # the rest of the wish for which the job has just begun
        after, action = _do(draft, event, thing.sources, joined, "", words_in=number)
        return after, replace(action, cancel=(thing.job,), instead=(thing.job,)) if isinstance(action, Do) else action
    if thing.job in draft.on:
        words = _joined(draft.words, draft.words_at, words, at)
    after = replace(draft, words=words, words_at=at, words_in=number, on=(thing.job,))
    return after, Ask(Question.BEGUN, number)


def _reworded_by(draft: Draft, thing: Thing, words: str, at: int) -> bool:
    """Whether these very words were given to a job before the bot was killed, and it has ended since."""
    if draft.jobs[-1:] != (thing.job,) or thing.prompt == draft.said:
        return False
    return thing.prompt in (words, _joined(draft.said, draft.said_at, words, at))


def _edited(draft: Draft, event: Edited) -> Outcome:
    number, new = event.message_id, event.picture
    if event.jobs:
        return _corrected(draft, event)
    if draft.words and draft.words_in == number and event.words and not event.intent:
        return _waiting_words(replace(draft, words="", words_at=0), event)
    if new is not None and any(picture.message_id == number for picture in draft.pictures):
        pictures = tuple(new if picture.message_id == number else picture for picture in draft.pictures)
        draft = replace(draft, pictures=pictures)
        if event.words and not draft.preset:
            return _do(draft, event, pictures, event.words, event.how or draft.how, words_in=number)
    elif new is not None and not draft.preset:
        photo = Photos(
            id=event.id, message_id=number, at=event.at, pictures=(new,), words=event.words, words_in=number,
        )  # fmt: skip
        return _photos(draft, photo)
    elif new is None and event.words:
        said = Said(
            id=event.id, message_id=number, at=event.at, words=event.words, intent=event.intent, how=event.how,
            about=event.about,
        )  # fmt: skip
        return _said(draft, said)
    return draft, Nothing()


def _waiting_words(draft: Draft, event: Edited) -> Outcome:
    """Put other words in the place of those that wait."""
    number = event.message_id
    if not draft.on and draft.pictures and not draft.preset:
        return _do(draft, event, draft.pictures, event.words, event.how or draft.how, words_in=number)
    after = replace(draft, words=event.words, words_at=event.at, how=event.how)
    if draft.on:
        return after, Ask(Question.BEGUN, number)
    return after, Ask(Question.NEXT if draft.preset else Question.WHICH, number)


def _corrected(draft: Draft, event: Edited) -> Outcome:
    """Give jobs the words that their message has now."""
    words = event.words
    if event.intent == STOP:
        return draft, Stop(tuple(job.job for job in event.jobs))
    changed = tuple(job for job in event.jobs if event.picture is not None and _has_another(job, event.picture))
    if event.picture is not None and changed:
        return _with_another_photo(draft, event, event.picture, changed)
    if not words or event.intent:
        return draft, Nothing()
    waiting = tuple(each.job for each in event.jobs if each.stage is Stage.WAITING or each.prompt == words)
    late = tuple(each.job for each in event.jobs if each.job not in waiting)
    after = draft
    if draft.jobs[-1:] and draft.jobs[-1] in waiting:
        after = replace(after, said=words, said_at=event.at)
    if late:
        after = replace(after, words=words, words_in=event.message_id, words_at=event.at, on=late)
    return after, Reword(waiting, words, event.message_id, late=len(late))


def _has_another(job: Thing, picture: Picture) -> bool:
    """Whether a job was asked for when its message had another photo: of the same one Telegram may change the id."""
    mine = [each.source for each in job.sources if each.message_id == picture.message_id]
    new = picture.source
    return isinstance(new, Attachment) and any(
        isinstance(each, Attachment)
        and each.file_id != new.file_id
        and (each.size is None or new.size is None or each.size != new.size)
        for each in mine
    )


def _with_another_photo(draft: Draft, event: Edited, new: Picture, jobs: tuple[Thing, ...]) -> Outcome:
    """Do jobs with the photo that their message has now; those with the one before end if they haven't."""
    wanted = []
    for number, job in enumerate(jobs):
        pictures = tuple(new if each.message_id == new.message_id else each for each in job.sources)
        same = event.words in ("", job.prompt) or bool(event.intent)
        told = {"like": job.job} if same else {"words": event.words}
        wanted.append(Wanted(pictures, event.message_id, f"{event.id}:{number}" if number else event.id, **told))
    begun = tuple(job.job for job in jobs if job.stage in (Stage.WAITING, Stage.RUNNING))
    waiting = tuple(job.job for job in jobs if job.stage is Stage.WAITING)
    said = event.words or jobs[-1].prompt
    after = replace(draft, said=said, said_in=event.message_id, said_at=event.at)
    return after, Do(tuple(wanted), words_in=event.message_id, how="each", cancel=begun, instead=waiting)


def _again(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    like = thing.job if thing is not None and thing.job else "".join(draft.jobs[-1:])
    if thing is None or not like:
        return draft, Ask(Question.CHANGE if draft.pictures else Question.WHICH, event.message_id)
    pictures = thing.pictures if thing.stage is Stage.PHOTO else thing.sources
    wanted = Wanted(pictures[:MAX_PICTURES], *_answering(event), like=like)
    rest = tuple(each for each in draft.pictures if each not in pictures)
    return replace(draft, pictures=rest), Do((wanted,))


def _undo(draft: Draft, event: Said, thing: Thing | None) -> Outcome:
    if thing is not None and thing.stage in (Stage.WAITING, Stage.RUNNING):
        return replace(draft, said=""), Stop((thing.job,))
    if thing is None or not thing.sources:
        return draft, Ask(Question.FIRST, event.message_id)
    after = replace(draft, pictures=thing.sources, at=0, how="", said="")
    return after, Ask(Question.BACK, thing.sources[0].message_id)


def _for_preset(
    draft: Draft, event: Event, preset: str, takes: int, pictures: tuple[Picture, ...], words: str
) -> Outcome:
    if len(pictures) < takes:
        after = replace(draft, preset=preset, pictures=pictures, at=0, words=words, on=(), how="")
        return after, Ask(Question.NEXT, event.message_id)
    how: How = "each" if takes == 1 and len(pictures) > 1 else "together"
    kept, left_out = (pictures, 0) if how == "each" else (pictures[:takes], len(pictures) - takes)
    draft = replace(draft, words="" if not draft.on else draft.words)
    after, action = _do(draft, event, kept, words, how, words_in=event.message_id, preset=preset)
    if isinstance(action, Do):
        action = replace(action, left_out=left_out)
    rest = tuple(each for each in after.pictures if each not in pictures)
    return replace(after, pictures=rest), action


def _how_chosen(draft: Draft, event: HowChosen) -> Outcome:
    asked = (0, draft.words_in, *(picture.message_id for picture in draft.pictures))
    if len(draft.pictures) <= 1 or event.message_id not in asked:
        return draft, Expired()
    if not draft.words or draft.on:
        return replace(draft, how=event.how, at=0), Ask(Question.CHANGE, event.message_id)
    return _do(draft, event, draft.pictures, draft.words, event.how, words_in=draft.words_in)


def _begun_chosen(draft: Draft, event: BegunChosen) -> Outcome:
    if not draft.words or not event.jobs or event.message_id not in (0, draft.words_in):
        return draft, Expired()
    now, later, cancel = list[Wanted](), list[tuple[str, Wanted]](), list[str]()
    for number, thing in enumerate(event.jobs):
        begun = thing.stage in (Stage.WAITING, Stage.RUNNING)
        pictures = thing.sources if event.over or begun else thing.pictures
        wanted = Wanted(pictures, draft.words_in, f"{event.id}:{number}", words=draft.words)
        if begun and event.over:
            cancel.append(thing.job)
        if begun and not event.over:
            later.append((thing.job, wanted))
        else:
            now.append(wanted)
    after = replace(draft, words="", on=(), said=draft.words, said_in=draft.words_in, said_at=0)
    if later and not now:
        return after, After(tuple(later))
    if later:  # some have just ended: the user is asked once more about the others
        after = replace(after, words=draft.words, on=tuple(job for job, _wanted in later))
    return after, Do(tuple(now), words_in=draft.words_in, how="each", cancel=tuple(cancel))


def _resumed(draft: Draft, event: Resumed) -> Outcome:
    if not can_resume(draft):
        return draft, Expired()
    how: How = draft.how or "together"
    return _do(
        replace(draft, words="", preset=""), event, draft.pictures, draft.words, how,
        words_in=draft.words_in or draft.pictures[0].message_id, preset=draft.preset,
    )  # fmt: skip


def _do(
    draft: Draft, event: Event, pictures: tuple[Picture, ...], words: str, how: How, *,
    words_in: int, preset: str = "", taken: int = 0,
) -> Outcome:  # fmt: skip
    """Ask for the jobs, or how several photos are meant."""
    if len(pictures) > 1 and not how:
        at = event.at if isinstance(event, Photos) else draft.at
        after = replace(draft, pictures=pictures, at=at, words=words, words_in=words_in, words_at=event.at, on=())
        return after, Ask(Question.HOW, words_in)
    if how == "each" and len(pictures) > 1:
        wanted = tuple(
            Wanted((each,), each.message_id, _told(words_in, each.message_id), words=words, preset=preset)
            for each in pictures
        )
        left_out = 0
    else:
        to, discriminator = _answering(event)
        if isinstance(event, HowChosen | Resumed):
            to, discriminator = words_in, "" if isinstance(event, HowChosen) else event.id
        elif isinstance(event, Photos):
            discriminator = _told(words_in, to)
        wanted = (Wanted(pictures[:MAX_PICTURES], to, discriminator, words=words, preset=preset),)
        left_out = max(0, len(pictures) - MAX_PICTURES)
    rest = tuple(each for each in draft.pictures if each not in pictures)
    done_with = not draft.on and (bool(set(draft.pictures) & set(pictures)) or not draft.pictures)
    after = replace(
        draft, pictures=rest, words="" if done_with else draft.words, said=words, said_in=words_in, said_at=event.at,
        how="", preset="",
    )  # fmt: skip
    return after, Do(wanted, words_in=words_in, how=how, left_out=left_out, taken=taken)


def _answering(event: Event) -> tuple[int, str]:
    """Return what a job's answer replies to, and what tells it from others: a message's own job has nothing."""
    return event.message_id, event.id if event.id.startswith("p") else ""


def _told(words_in: int, answered: int) -> str:
    """Return what tells a job from others that answer the same photo: the message with its words, if it's another."""
    return "" if words_in == answered else f"m{words_in}"


def _joined(earlier: str, earlier_at: int, words: str, at: int) -> str:
    """Return words with those that they continue, if they do."""
    return _both(earlier, words) if earlier and abs(at - earlier_at) <= ONE_WISH else words


def _both(earlier: str, words: str) -> str:
    """Return words with earlier ones, if these don't say the same and if both are not too long."""
    if words.casefold() in earlier.casefold().splitlines():
        return earlier
    both = f"{earlier}\n{words}"
    return both if len(both) <= MAX_INSTRUCTION else words


def _pending(draft: Draft) -> str:
    """Return the words that wait for a picture or for a choice about photos."""
    return "" if draft.on else draft.words
