"""Rules for texts: what each verb does to what's on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.conversation.draft import Offer, Wanted
from qwenedit_bot.conversation.rules.events import UNFINISHED
from qwenedit_bot.conversation.rules.jobs import discriminator_of, joined, offered, request_jobs
from qwenedit_bot.conversation.rules.outcomes import Ask, Do, Question, Reply, Reword, Stop
from qwenedit_bot.conversation.rules.photos import can_resume, resume
from qwenedit_bot.understanding.reader import Stage, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwenedit_bot.conversation.draft import Draft, How
    from qwenedit_bot.conversation.rules.events import Said, Thing
    from qwenedit_bot.conversation.rules.outcomes import Action, Outcome


def on_said(draft: Draft, event: Said) -> Outcome:
    """Do what a text asks for."""
    rule = _VERBS.get(event.verb)
    return rule(draft, event) if rule is not None else (draft, Reply(event.verb))


def _edit(draft: Draft, event: Said) -> Outcome:
    """Apply an instruction to what it's about, or keep it for the next photo."""
    thing, words, number = event.about, event.words, event.message_id
    if thing is None or (draft.preset and not event.replied):
        return _for_next_photo(draft, event)
    if thing.stage in UNFINISHED:
        return draft, _about_unfinished(thing, event)
    finished = [each for each in event.things if each.stage not in UNFINISHED]
    pictures = tuple(dict.fromkeys(picture for each in finished for picture in each.pictures))
    how = event.how
    if set(pictures) & set(draft.pictures):  # they waited, perhaps with words, or a choice
        words, how = joined(draft.words, words), how or draft.how
    elif draft.words and not draft.pictures:
        words = joined(draft.words, words)
    return request_jobs(draft, event, pictures, words, how, words_in=number)


def _for_next_photo(draft: Draft, event: Said) -> Outcome:
    number, question = event.message_id, Question.NEXT if draft.preset else Question.WHICH
    after = replace(draft, words=joined(draft.words, event.words), words_in=number)
    if draft.preset and can_resume(draft):  # it has its photos, and waits for the user's quota
        return resume(after, event)
    return after, Ask(question, number)


def _about_unfinished(thing: Thing, event: Said) -> Action:
    """Add words to a job that hasn't begun, or apply them to its result; it may have them already."""
    words, number = joined(thing.prompt, event.words), event.message_id
    if thing.stage is Stage.WAITING or words == thing.prompt:
        return Reword((thing.job,), words, number)
    return Do((Wanted(thing.pictures, number, discriminator_of(event), event.words, after=thing.job),), words_in=number)


def _instead(draft: Draft, event: Said) -> Outcome:
    """Make an unfinished job's pictures anew with these words."""
    thing, number = event.about, event.message_id
    if thing is None or thing.stage not in UNFINISHED:
        return _edit(draft, event)
    wanted = Wanted(thing.sources, number, discriminator_of(event), event.words)
    return draft, Do((wanted,), words_in=number, how="together", cancel=(thing.job,))


def _again(draft: Draft, event: Said) -> Outcome:
    """Repeat a job with another seed; for a photo that waits, the last job's instruction."""
    thing = event.about
    if thing is not None and draft.words and {*thing.pictures} <= {*draft.pictures}:
        return request_jobs(draft, event, draft.pictures, draft.words, draft.how or "each", words_in=draft.words_in)
    like = thing.job if thing is not None and thing.job else "".join(draft.jobs[-1:])
    if thing is None or not like:
        return draft, Ask(Question.FORGOTTEN, event.message_id)
    own = thing.job == like
    how: How = "together" if own else "each"
    pictures = thing.sources if own else thing.pictures
    after, action = request_jobs(draft, event, pictures, "", how, words_in=event.message_id)
    if isinstance(action, Do):
        action = replace(action, wanted=tuple(replace(each, like=like) for each in action.wanted))
    return after, action


def _undo(draft: Draft, event: Said) -> Outcome:
    """Make what a picture was made of the lowest on the screen."""
    thing = event.about
    if thing is not None and thing.stage in UNFINISHED:
        return draft, Stop((thing.job,))
    before = thing.sources if thing is not None else ()
    if not before:
        return draft, Ask(Question.FIRST, event.message_id)
    return replace(draft, pictures=before, at=0, how="", words="", preset=""), Ask(Question.BACK, before[0].message_id)


def _stop(draft: Draft, event: Said) -> Outcome:
    """Cancel what it replies to, and nothing else; without a reply, everything."""
    thing = event.about
    if not event.every and thing is not None and thing.stage in UNFINISHED:
        return draft, Stop((thing.job,))
    result = thing.job if thing is not None and thing.stage is Stage.RESULT else ""
    if event.every or thing is None or {*thing.pictures} & {*draft.pictures}:
        draft = replace(draft, at=0, words="", preset="", how="")
    return draft, Stop(None if event.every else (), result)


def _remark(draft: Draft, event: Said) -> Outcome:
    """Thank for a remark, and offer to take it for an instruction."""
    thing = event.about
    if thing is None or thing.stage in UNFINISHED or not event.words:
        return draft, Reply(Verb.REMARK)
    number = event.message_id
    wanted = (
        Wanted((each,), number, f"m{number}.{at}" if at else f"m{number}", event.words)
        for at, each in enumerate(thing.pictures)
    )
    offer = Offer(f"m{number}", tuple(wanted), words_in=number)
    return offered(draft, offer), Reply(Verb.REMARK, offer)


_VERBS: Mapping[Verb, Callable[[Draft, Said], Outcome]] = {
    Verb.EDIT: _edit,
    Verb.INSTEAD: _instead,
    Verb.AGAIN: _again,
    Verb.UNDO: _undo,
    Verb.STOP: _stop,
    Verb.REMARK: _remark,
}
"""The others only get a reply."""
