"""Rules for corrected messages: their jobs change, unless they have begun."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.conversation.draft import Offer, Wanted
from qwenedit_bot.conversation.rules.events import UNFINISHED, Photos
from qwenedit_bot.conversation.rules.jobs import offered, request_jobs
from qwenedit_bot.conversation.rules.outcomes import Do, Nothing, Reword, Stop
from qwenedit_bot.conversation.rules.photos import on_photos
from qwenedit_bot.conversation.rules.words import on_said
from qwenedit_bot.pictures.sources import Attachment
from qwenedit_bot.understanding.reader import Stage, Verb

if TYPE_CHECKING:
    from qwenedit_bot.conversation.draft import Draft, Picture
    from qwenedit_bot.conversation.rules.events import Edited, Thing
    from qwenedit_bot.conversation.rules.outcomes import Outcome


def on_edited(draft: Draft, event: Edited) -> Outcome:
    """Change the jobs of a corrected message, or what waits; a message that asked for nothing is read as a new one."""
    number, new = event.message_id, event.picture
    if event.jobs:
        return _of_jobs(draft, event)
    if draft.words_in == number:
        draft = replace(draft, words="")
    if new is None:
        return on_said(draft, event) if event.words else (draft, Nothing())
    if any(picture.message_id == number for picture in draft.pictures):
        pictures = tuple(new if picture.message_id == number else picture for picture in draft.pictures)
        draft = replace(draft, pictures=pictures)
        if event.words and not draft.preset:
            return request_jobs(draft, event, pictures, event.words, draft.how, words_in=number)
    elif not draft.preset:
        photos = Photos(
            id=event.id, message_id=number, at=event.at, pictures=(new,), words=event.words, words_in=number
        )
        return on_photos(draft, photos)
    return draft, Nothing()


def _of_jobs(draft: Draft, event: Edited) -> Outcome:
    """Change the jobs of a message; those that have begun are left to a button."""
    if event.verb is Verb.STOP:
        return draft, Stop(tuple(job.job for job in event.jobs if job.stage in UNFINISHED))
    another, changed = _changed(event)
    begun = [job for job in changed if job.stage in (Stage.RUNNING, Stage.RESULT)]
    others = [job for job in changed if job not in begun]  # in the order of the last time: it numbers the new jobs
    # The words of jobs that wait can change in place, unless there are photos to fetch.
    if (another and others) or any(job.stage is Stage.ENDED for job in others):
        return draft, _anew(event, others)
    reword = Reword(tuple(job.job for job in others), event.words, event.message_id)
    return _offering(draft, event, begun, reword) if begun else (draft, reword if others else Nothing())


def _changed(event: Edited) -> tuple[bool, list[Thing]]:
    """Return whether the message has another photo, and its jobs that aren't of these words and this photo.

    Those that wait are always among them: a repeated event gave them these words, and must give the same answer.
    """
    another = any(_has_another(job, event.picture) for job in event.jobs)
    differ = (job for job in event.jobs if job.prompt != event.words or job.stage is Stage.WAITING)
    return another, list(event.jobs) if another else list(differ if event.words else ())


def _offering(draft: Draft, event: Edited, begun: list[Thing], reword: Reword) -> Outcome:
    over = _anew(event, begun)
    offer = Offer(event.id, over.wanted, over.cancel, event.message_id)
    return offered(draft, offer), replace(reword, offer=offer)


def _anew(event: Edited, jobs: list[Thing]) -> Do:
    """Return jobs with the message's words and photo in place of these."""
    number, new = event.message_id, event.picture
    wanted = tuple(
        Wanted(
            tuple(new if new is not None and each.message_id == number else each for each in job.sources),
            number,
            f"{event.id}:{at}" if at else event.id,
            event.words or job.prompt,
        )
        for at, job in enumerate(jobs)
    )
    cancel = tuple(job.job for job in jobs if job.stage in UNFINISHED)
    return Do(wanted, words_in=number, how="each", cancel=cancel)


def _has_another(job: Thing, picture: Picture | None) -> bool:
    """Whether a job's message had another photo: Telegram may change the ID of the same one, but not its size."""
    if picture is None or not isinstance(picture.source, Attachment):
        return False
    had = [each.source for each in job.sources if each.message_id == picture.message_id]
    return any(isinstance(each, Attachment) and each.size != picture.source.size for each in had)
