"""Rules for photos, and for presets, which take photos."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.conversation.rules.events import UNFINISHED
from qwenedit_bot.conversation.rules.jobs import MOST_PHOTOS, joined, request_jobs
from qwenedit_bot.conversation.rules.outcomes import Ask, Do, Expired, Nothing, Question

if TYPE_CHECKING:
    from qwenedit_bot.conversation.draft import Draft, How, Picture
    from qwenedit_bot.conversation.rules.events import Chosen, Event, HowChosen, Photos, Resumed
    from qwenedit_bot.conversation.rules.outcomes import Outcome

ALBUM_GAP = 10
"""Seconds within which photos without captions belong together."""


def on_photos(draft: Draft, event: Photos) -> Outcome:
    """Edit photos with their caption, or with words that wait; otherwise ask what to change."""
    if draft.preset and event.takes:
        words = "\n".join(filter(None, (draft.words, event.words)))
        return _for_preset(draft, event, draft.preset, event.takes, (*draft.pictures, *event.pictures), words)
    draft = replace(draft, preset="")
    waits = draft.words if not draft.pictures else ""  # words that wait for a photo
    if event.words or waits:
        words_in = (event.words_in or event.message_id) if event.words else draft.words_in
        words = joined(waits, event.words) if event.words else waits
        rest = replace(draft, words="") if waits else draft
        return request_jobs(rest, event, event.pictures, words, event.how, words_in=words_in)
    return _gather(draft, event)


def _gather(draft: Draft, event: Photos) -> Outcome:
    """Ask what to change in these photos, and in those that came just before them."""
    joins = bool(draft.pictures) and draft.at > 0 and abs(event.at - draft.at) <= ALBUM_GAP
    earlier = draft.pictures if joins else ()
    all_of = (*earlier, *(each for each in event.pictures if each not in earlier))
    kept = all_of[:MOST_PHOTOS]
    after = replace(draft, pictures=kept, at=event.at, how="", words=draft.words if joins else "")
    asks, about = (Question.HOW, draft.words_in) if after.words else (Question.CHANGE, kept[0].message_id)
    return after, Ask(asks, about, len(all_of) - len(kept))


def on_chosen(draft: Draft, event: Chosen) -> Outcome:
    """Use a preset: while a picture is being made, on its result."""
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
    return request_jobs(draft, event, pictures, words, how, words_in=event.message_id, preset=preset, takes=takes)


def on_how_chosen(draft: Draft, event: HowChosen) -> Outcome:
    """Use the photos that wait as the user chose."""
    if len(draft.pictures) < 2 or not draft.asked or event.message_id != draft.shown:
        return draft, Expired()
    if not draft.words:
        return replace(draft, how=event.how, at=0), Ask(Question.CHANGE, event.message_id)
    return request_jobs(draft, event, draft.pictures, draft.words, event.how, words_in=draft.words_in)


def on_resumed(draft: Draft, event: Resumed) -> Outcome:
    """Request what waited."""
    return resume(draft, event) if can_resume(draft) else (draft, Expired())


def resume(draft: Draft, event: Event) -> Outcome:
    """Request what waits, and is complete."""
    rest, number = replace(draft, words="", preset=""), draft.words_in or draft.pictures[0].message_id
    how: How = draft.how or "together"
    return request_jobs(rest, event, draft.pictures, draft.words, how, words_in=number, preset=draft.preset)


def can_resume(draft: Draft) -> bool:
    """Return whether a complete request waits, such as for the user's quota."""
    told = draft.preset or draft.words
    asked = bool(draft.preset) or len(draft.pictures) > 1
    return bool(told and draft.pictures and (draft.how or not asked))
