"""From pictures and words to jobs: what several pictures make, and how jobs of one message are told apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.conversation.draft import Wanted
from qwenedit_bot.conversation.rules.events import Chosen, HowChosen, Photos, Resumed
from qwenedit_bot.conversation.rules.outcomes import Ask, Do, Question
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, RequestOutcome
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_bot.conversation.draft import Draft, How, Offer, Picture
    from qwenedit_bot.conversation.rules.events import Event
    from qwenedit_bot.conversation.rules.outcomes import Outcome

MOST_PHOTOS = 10
"""Photos that may wait for one instruction: as many as an album has."""
_OFFERS = 5
"""Offers whose buttons still work."""


def request_jobs(
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
    """Request jobs, or ask how several pictures are meant: more than one job takes are edited one by one."""
    if len(pictures) > 1 and not how:
        if len(pictures) <= MAX_PICTURES:
            at = event.at if isinstance(event, Photos) else draft.at
            return replace(draft, pictures=pictures, at=at, words=words, words_in=words_in), Ask(Question.HOW, words_in)
        how = "each"
    if how == "each" and len(pictures) > 1:
        kept = pictures[:MOST_PHOTOS]
        wanted = tuple(
            Wanted((each,), each.message_id, _apart(event, words_in, each.message_id), words, preset) for each in kept
        )
        left_out = 0
    else:
        to, discriminator = _address(event, pictures, words_in)
        wanted, left_out = (Wanted(pictures[:takes], to, discriminator, words, preset),), max(0, len(pictures) - takes)
    rest = tuple(each for each in draft.pictures if each not in pictures)
    after = replace(draft, pictures=rest, how="", preset="", words_in=words_in)
    if rest != draft.pictures or not rest:
        after = replace(after, words="")
    return after, Do(wanted, words_in=words_in, how=how, left_out=left_out)


def _address(event: Event, pictures: tuple[Picture, ...], words_in: int) -> tuple[int, str]:
    """Return the message that a job's answer replies to, and what distinguishes the job from others of the message."""
    match event:
        case HowChosen():
            return words_in, ""
        case Resumed():
            return words_in, event.id
        case Chosen():
            return pictures[0].message_id, event.id
        case Photos():
            return event.message_id, _apart(event, words_in, event.message_id)
    return event.message_id, discriminator_of(event)


def discriminator_of(event: Event) -> str:
    """Return what distinguishes an event's jobs from others of its message; a new message's own job has nothing."""
    return "" if event.id.startswith("m") else event.id


def _apart(event: Event, words_in: int, answered: int) -> str:
    """Return what distinguishes a job from others that answer the same photo: the message with its words."""
    if event.id.startswith("e"):
        return event.id
    return "" if words_in == answered else f"m{words_in}"


def settle(before: Draft, after: Draft, done: Do, outcomes: Sequence[tuple[str, RequestOutcome]]) -> Draft:
    """Return the draft after its jobs were requested: what was refused for now continues to wait.

    `outcomes` has the job ID and the outcome of each wanted job.
    """
    accepted = [job for job, outcome in outcomes if outcome is RequestOutcome.ACCEPTED]
    jobs = (*(job for job in before.jobs if job not in accepted), *accepted)[-10:]
    later = [each for each, (_job, what) in zip(done.wanted, outcomes, strict=True) if what is RequestOutcome.NOT_NOW]
    if later:
        return replace(_kept(after, done, later), jobs=jobs)
    if accepted:
        return replace(after, jobs=jobs)
    used = {picture for each in done.wanted for picture in each.pictures}
    if not before.preset and used <= set(before.pictures):  # they waited, and nothing will ever come of them
        unreadable = any(what is RequestOutcome.UNREADABLE for _job, what in outcomes)
        # The words are for the next photo, unless they were refused themselves.
        return replace(after, words=done.wanted[0].words if unreadable else after.words, words_in=done.words_in)
    return replace(before, handled=after.handled)


def _kept(after: Draft, done: Do, later: Sequence[Wanted]) -> Draft:
    """Return the draft in which these jobs wait."""
    first = later[0]
    return replace(
        after,
        pictures=tuple(picture for each in later for picture in each.pictures),
        at=0,
        words=first.words if len(first.words) <= MAX_INSTRUCTION else "",
        words_in=done.words_in,
        preset=first.preset,
        how=done.how,
        asked="",
    )


def offered(draft: Draft, offer: Offer) -> Draft:
    """Return the draft with one more offer; only the newest few stay."""
    others = (each for each in draft.offers if each.key != offer.key)
    return replace(draft, offers=(*others, offer)[-_OFFERS:])


def joined(earlier: str, words: str) -> str:
    """Return words below earlier ones, unless these have the same line; alone if both are too long."""
    if f"\n{words}\n".casefold() in f"\n{earlier}\n".casefold():
        return earlier
    both = "\n".join(filter(None, (earlier, words)))
    return both if len(both) <= MAX_INSTRUCTION else words
