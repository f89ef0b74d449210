"""Carries out `step`'s actions. Idempotent, so it can be repeated after a crash: job IDs come from messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, Buttons, View, single
from qwenedit_bot.conversation.commands import general
from qwenedit_bot.conversation.reading import kinds_in
from qwenedit_bot.conversation.rules.events import Photos
from qwenedit_bot.conversation.rules.jobs import MOST_PHOTOS, settle
from qwenedit_bot.conversation.rules.outcomes import Ask, Do, Expired, Nothing, Question, Reply, Reword, Stop
from qwenedit_bot.conversation.rules.step import step
from qwenedit_bot.conversation.screen import jobs_messages
from qwenedit_bot.edits.answers import refund
from qwenedit_bot.edits.job_views import OVER, UNDO, quota_used_up, shortened
from qwenedit_bot.edits.requests.request import Request, RequestOutcome, Reworded
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_bot.understanding.reader import Verb
from qwenedit_jobs import MAX_PICTURES, Cancelled, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_bot.conversation.draft import Draft, Offer, Wanted
    from qwenedit_bot.conversation.rules.events import Event
    from qwenedit_bot.conversation.rules.outcomes import Action
    from qwenedit_bot.conversation.turn import Turn

HOW = "how"
"""First part of the data of buttons that answer the bot's question."""
_CLOSED = (Question.HOW, Question.CHANGE)
"""Questions whose message is deleted once answered; for one photo, only if a text waits."""


class _BegunError(Exception):
    """A job began before its instruction was changed."""


async def take(turn: Turn, what: Event | Callable[[Draft], Awaitable[Event | None]]) -> None:
    """Apply an event, or what a function reads with the draft, to the draft, and answer."""
    drafts, place = turn.services.drafts, (turn.chat_id, turn.user_id)
    draft = await drafts.read(*place)
    for attempt in (1, 2, 3):  # a job may begin before its instruction is changed
        event = await what(draft) if callable(what) else what
        if event is None:
            return
        after, action = step(draft, event)
        try:
            after = await _act(turn, draft, after, action, event)
        except _BegunError:
            if attempt == 3:
                raise
        else:
            if after != draft:
                await drafts.write(*place, after)
            await _close(turn, draft, after, action)
            return


async def _act(turn: Turn, draft: Draft, after: Draft, action: Action, event: Event) -> Draft:
    match action:
        case Nothing():
            pass
        case Expired():
            await turn.alert(Text.PRESS_ANSWERED)
        case Ask():
            return await _ask(turn, after, action, event)
        case Do():
            return await _do(turn, draft, after, action)
        case Reword():
            await _reword(turn, action)
        case Stop():
            await _stop(turn, draft, action)
        case Reply():
            await _reply(turn, action)
    return after


async def _ask(turn: Turn, after: Draft, action: Ask, event: Event) -> Draft:
    sent = action.what is Question.CHANGE and isinstance(event, Photos)
    view = (await _none_left(turn) if sent else None) or _question(turn, after, action.what)
    if left_out := _left_out(turn):
        view = replace(view, text=f"{view.text}\n\n{left_out}")
    if action.left_out:
        view = replace(view, text=f"{view.text}\n\n{turn.words(Text.TOO_MANY_PHOTOS, limit=MOST_PHOTOS)}")
    shown, apart = turn.shown, action.what in (Question.BACK, Question.FIRST)
    if turn.press is not None and not apart:
        await turn.show(view)
    else:
        shown = await turn.say(view, to=turn.to(action.to, event.id if apart else ""))
    asked = action.what if action.what in _CLOSED and (len(after.pictures) != 1 or after.words) else ""
    return replace(after, shown=shown, asked=asked)


async def _none_left(turn: Turn) -> View | None:
    """Say that the user has no pictures left, before they write an instruction or continue a waiting one."""
    quota = await turn.services.quotas.of(turn.user_id)
    if quota is None or quota.left:
        return None
    for_sale = bool(turn.services.shop.packs)
    return View(quota_used_up(turn.words, quota, shared=turn.in_group, for_sale=for_sale))


def _question(turn: Turn, draft: Draft, what: Question) -> View:
    words, said = turn.words, shortened(draft.words)
    which = words(Text.GROUP_NO_PHOTO, bot=turn.services.bot_name) if turn.in_group else words(Text.WHICH_PHOTO)
    views = {
        Question.WHICH: View(which),
        Question.HOW: View(words(Text.GATHERED_WITH_WORDS, count=len(draft.pictures), said=said), (_how(turn),)),
        Question.BACK: View(words(Text.UNDONE)),
        Question.FIRST: View(words(Text.NOTHING_BEFORE)),
        Question.FORGOTTEN: View(words(Text.FORGOTTEN_HOW)),
    }
    return _next(turn, draft) if what is Question.NEXT else views.get(what) or _change(turn, draft)


async def _close(turn: Turn, before: Draft, after: Draft, action: Action) -> None:
    """Delete answered questions."""
    opened, left = ({each.shown} if each.asked else set() for each in (before, after))
    closed, answer = opened - left, None
    if isinstance(action, Do):
        first = action.wanted[0]
        if turn.press is not None and not first.like and after.jobs != before.jobs:
            closed.add(turn.shown)
        # A question about a photo becomes the message of its first job.
        answer = await turn.services.replies.find(turn.to(first.reply_to, first.discriminator)) if closed else None
    for message_id in closed - {answer}:
        await turn.services.messenger.delete(turn.chat_id, message_id)


def _change(turn: Turn, draft: Draft) -> View:
    count = len(draft.pictures)
    if turn.in_group and count == 1:
        return View(turn.words(Text.ASK_FURTHER_IN_GROUP))
    view = preset_views.question(turn.words, photos=count)
    if draft.how == "each":
        return replace(view, text=turn.words(Text.GATHERED_EACH, count=count))
    if count == 1 or draft.how:
        return view
    return replace(view, buttons=(_how(turn), *view.buttons))


def _how(turn: Turn) -> tuple[Button, ...]:
    each = Button(turn.words(Text.ONE_EACH_BUTTON), f"{HOW}:each")
    return (each, Button(turn.words(Text.TOGETHER_BUTTON), f"{HOW}:together"))


def _next(turn: Turn, draft: Draft) -> View:
    presets = turn.services.presets
    preset = presets.preset(draft.preset)
    if preset is None:
        return View(turn.words(Text.PRESS_PRESET_GONE))
    number, found = len(draft.pictures) + 1, presets.category_of(preset.id)
    return preset_views.ask_photo(turn.words, preset, number, found, in_group=turn.in_group)


async def _do(turn: Turn, draft: Draft, after: Draft, action: Do) -> Draft:
    """Cancel what is replaced, then request the jobs: what the cancelling gives back, they may use."""
    requests = [await _request(turn, wanted) for wanted in action.wanted]
    none_left = await _none_left(turn) if await _all_began(turn, action.cancel) else None
    if none_left is not None:  # while that still leaves the user their running picture
        await turn.say(none_left)
        return draft
    for job in action.cancel:
        await _cancel(turn, job)
    submitted = [await _submit(turn, *each) for each in zip(action.wanted, requests, strict=True)]
    if all(outcome is RequestOutcome.ACCEPTED for _job, outcome in submitted):
        await _tell_left_out(turn, action)
    if action.wanted[0].like:
        accepted = submitted[0][1] is RequestOutcome.ACCEPTED
        await turn.toast(turn.words(Text.PRESS_AGAIN if accepted else Text.PRESS_NOT_NOW))
    # What is done again, but not now, waits under the words of the job that it's like.
    told = tuple(
        replace(wanted, words=request.instruction) if wanted.like and request is not None else wanted
        for wanted, request in zip(action.wanted, requests, strict=True)
    )
    return settle(draft, after, replace(action, wanted=told), submitted)


async def _all_began(turn: Turn, jobs: tuple[str, ...]) -> bool:
    """Return whether there are jobs, and cancelling them gives nothing back at once."""
    statuses = await turn.services.queue.statuses(jobs)
    return 0 < len(jobs) == len(statuses) and all(status.attempt for status in statuses)


async def _cancel(turn: Turn, job: str) -> None:
    """Cancel a job, and delete its message: another message says what becomes of it.

    The charge of a job that ends with this is given back; that of a running job moves when it has ended.
    """
    services = turn.services
    if await services.backlog.stop(turn.user_id, job):
        return
    outcome = await services.queue.cancel(job)
    status = await services.queue.status(job) if outcome in (Cancelled.CANCELLED, Cancelled.CANCELLING) else None
    if status is None or status.job.reply is None:
        return
    if status.state is State.CANCELLED:
        await refund(services.quotas, status, status.state)
    [(*_, shown)] = await jobs_messages([status], services)
    await services.messenger.delete(status.job.reply.chat_id, shown)


async def _submit(turn: Turn, wanted: Wanted, request: Request | None) -> tuple[str, RequestOutcome]:
    if request is None:
        text = Text.PRESS_PRESET_GONE if wanted.preset else Text.FORGOTTEN_HOW
        await turn.say(View(turn.words(text)), to=turn.to(wanted.reply_to, wanted.discriminator))
        return "", RequestOutcome.REFUSED
    return request.job_id, await turn.services.backlog.take(request, turn.words, after=wanted.after)


async def _request(turn: Turn, wanted: Wanted) -> Request | None:
    """Return the request for a job; None if its instruction is no longer known."""
    services = turn.services
    request = Request(
        job_id=services.ids(turn.chat_id, wanted.reply_to, wanted.discriminator),
        source=turn.to(wanted.reply_to),
        user_id=turn.user_id,
        attachments=tuple(each.source for each in wanted.pictures),
        instruction=wanted.words,
        discriminator=wanted.discriminator,
        shown=tuple((each.message_id, each.job) for each in wanted.pictures),
    )
    if wanted.like:
        waiting = {each.request.job_id: each.request for each in await services.backlog.waiting(turn.user_id)}
        status = await services.queue.status(wanted.like)
        done = waiting.get(wanted.like) or (status.job.edit if status is not None else None)
        if done is None:
            return None
        prompt = done.instruction if isinstance(done, Request) else done.prompt
        return replace(request, instruction=prompt, workflow=done.workflow, parameters=done.parameters)
    if wanted.preset:
        preset = services.presets.preset(wanted.preset)
        if preset is None:
            return None
        prompt = preset.with_words(wanted.words)
        return replace(request, instruction=prompt, workflow=preset.workflow, parameters=preset.parameters)
    return request


async def _tell_left_out(turn: Turn, action: Do) -> None:
    """Say what was left out."""
    if left_out := _left_out(turn):
        await turn.say(View(left_out), to=turn.to(turn.shown, "kinds"))
    if action.left_out:
        view = View(turn.words(Text.GATHERED_LEFT_OUT, limit=MAX_PICTURES))
        await turn.say(view, to=turn.to(action.wanted[0].reply_to, "left_out"))


def _left_out(turn: Turn) -> str:
    """Say which parts of an album can't be edited; empty if all can."""
    kinds = kinds_in(turn.messages)
    return turn.words(Text.ALBUM_MIXED, kind=kinds[0]) if kinds and turn.album else ""


async def _reword(turn: Turn, action: Reword) -> None:
    services, words = turn.services, turn.words
    to = turn.to(action.to, "edited" if turn.edited else "")
    # Else the jobs had the new words already when the answer's turn comes, and nothing would seem to be corrected.
    await services.messenger.ready(turn.chat_id, edit=False)
    outcomes = [await services.backlog.reword(turn.user_id, job, action.words, words) for job in action.jobs]
    if Reworded.TOO_LATE in outcomes:
        raise _BegunError
    text = Text.EDITED_REFUSED if Reworded.REFUSED in outcomes else Text.EDITED_IN_TIME
    said = [words(text, said=shortened(action.words))] if outcomes else []
    if action.offer is not None:
        said.append(words(Text.BEGUN))
    await turn.say(View("\n\n".join(said), _over(turn, action.offer, Text.START_OVER_BUTTON)), to=to)


def _over(turn: Turn, offer: Offer | None, text: Text) -> Buttons:
    return single(Button(turn.words(text), f"{OVER}:{offer.key}")) if offer is not None else ()


async def _stop(turn: Turn, draft: Draft, action: Stop) -> None:
    """Say how many jobs are cancelled, then cancel them; saying it first keeps the number right if it's repeated."""
    services, jobs = turn.services, action.jobs
    if jobs is None:
        waiting = await services.backlog.waiting(turn.user_id)
        count = len([*waiting, *await services.queue.unfinished_ids_of(turn.user_id)])
    else:
        count = len(jobs)
    to = turn.to(turn.shown, f"stop{turn.update_id}" if turn.press or turn.edited else "")
    if await services.replies.find(to) is None:
        await turn.say(_stopped(turn, draft, action, count), to=to)
    if jobs is None:
        await services.backlog.stop(turn.user_id)  # before the jobs, whose end would let it follow
        jobs = tuple(await services.queue.unfinished_ids_of(turn.user_id))
    for job in jobs:
        await _cancel(turn, job)


def _stopped(turn: Turn, draft: Draft, action: Stop, count: int) -> View:
    if count:
        return View(turn.words(Text.JOBS_CANCELLED, count=count))
    if action.jobs is None and (draft.words or draft.preset or draft.pictures):
        return View(turn.words(Text.DIALOGUE_CANCELLED))
    back = single(Button(turn.words(Text.UNDO_BUTTON), f"{UNDO}:{action.result}")) if action.result else ()
    return View(turn.words(Text.NOT_YOURS_TO_STOP if turn.in_group else Text.NOTHING_TO_CANCEL), back)


async def _reply(turn: Turn, action: Reply) -> None:
    """Reply to a text that asks for no change; in a group, not to remarks: the others would have to read it."""
    if action.verb is Verb.STATUS:
        await general.status(turn)
    elif turn.in_group and action.verb is Verb.HELP:
        await turn.say(View(turn.words(Text.GROUP_HELP, bot=turn.services.bot_name)))
    elif action.verb is Verb.HELP:
        await general.start(turn)
    elif not turn.in_group:
        await turn.say_once(View(turn.words(Text.WELCOME), _over(turn, action.offer, Text.ANYWAY_BUTTON)))
