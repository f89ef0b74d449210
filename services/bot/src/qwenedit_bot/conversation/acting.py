"""Carries out `step`'s actions. Idempotent, so it can be repeated after a crash: job IDs come from messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, View, single
from qwenedit_bot.conversation import commands, files, privacy, rules, shop
from qwenedit_bot.conversation.reading import kinds_in
from qwenedit_bot.conversation.rules import Ask, Do, Expired, Nothing, Photos, Question, Reply, Reword, Said, Stop
from qwenedit_bot.conversation.screen import jobs_messages, sources_of
from qwenedit_bot.edits.job_views import AGAIN, UNDO, quota_used_up, shortened
from qwenedit_bot.edits.requests.request import Request, RequestOutcome, Reworded
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_bot.texts.intents import QUESTIONS, Intent, questions_in
from qwenedit_jobs import MAX_PICTURES, Cancelled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.rules import Action, Event, Wanted
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_jobs import Status

HOW = "how"
"""First part of the data of buttons that answer the bot's question."""
_CLOSED = (Question.OTHER, Question.HOW, Question.CHANGE)
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
        after, action = rules.step(draft, event)
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
        case Reply() if action.intent == Intent.FACE and action.result and isinstance(event, Said):
            kept = replace(event, intent=rules.FIX, doubt="", words=f"{event.words}\n{turn.words(Text.KEEP_FACE)}")
            return await _act(turn, draft, *rules.step(draft, kept), event)
        case Reply():
            asked = questions_in(event.words) if isinstance(event, Said) and action.intent in _QUESTIONS else ()
            for number, intent in enumerate(asked or (action.intent,)):
                part = replace(turn, part=f"part{number}" if number else "")
                await _reply(part, draft, replace(action, intent=intent))
    return after


async def _ask(turn: Turn, after: Draft, action: Ask, event: Event) -> Draft:
    sent = action.what is Question.CHANGE and isinstance(event, Photos)
    view = (await _none_left(turn) if sent else None) or _question(turn, after, action.what)
    if left_out := _left_out(turn):
        view = replace(view, text=f"{view.text}\n\n{left_out}")
    if action.left_out:
        view = replace(view, text=f"{view.text}\n\n{turn.words(Text.TOO_MANY_PHOTOS, limit=rules.MOST_PHOTOS)}")
    if action.what is Question.ONE_OF:  # which is about no photo that waits
        await turn.say(view, to=turn.to(action.to))
        return after
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
        Question.OTHER: shop.waiting_view(words, draft, Text.OTHER_PHOTO),
        Question.BACK: View(words(Text.UNDONE)),
        Question.FIRST: View(words(Text.NOTHING_BEFORE)),
        Question.FORGOTTEN: View(words(Text.FORGOTTEN_HOW)),
        Question.ONE_OF: View(words(Text.ONE_OF)),
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
        answer = await turn.services.replies.find(turn.to(first.reply_to, first.discriminator))
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
    quotas = turn.services.quotas
    for job in action.instead:  # which is not counted twice
        await quotas.give_back(turn.user_id, job)
    requests = [await _request(turn, wanted) for wanted in action.wanted]
    submitted = [await _submit(turn, *each) for each in zip(action.wanted, requests, strict=True)]
    if all(outcome is RequestOutcome.ACCEPTED for _job, outcome in submitted):
        for job in action.cancel:
            await _cancel(turn, job)
        await _tell_left_out(turn, action)
    else:
        for job in action.instead:  # which goes on
            await quotas.charge(turn.user_id, job)
    if action.wanted[0].like:
        accepted = submitted[0][1] is RequestOutcome.ACCEPTED
        await turn.toast(turn.words(Text.PRESS_AGAIN if accepted else Text.PRESS_NOT_NOW))
    # What is done again, but not now, waits under the words of the job that it's like.
    told = tuple(
        replace(wanted, words=request.instruction) if wanted.like and request is not None else wanted
        for wanted, request in zip(action.wanted, requests, strict=True)
    )
    return rules.settle(draft, after, replace(action, wanted=told), submitted)


async def _cancel(turn: Turn, job: str) -> None:
    """Cancel a job, and delete its message: another message says what becomes of it."""
    services = turn.services
    if await services.backlog.stop(turn.user_id, job):
        return
    cancelled = await services.queue.cancel(job) in (Cancelled.CANCELLED, Cancelled.CANCELLING)
    status = await services.queue.status(job) if cancelled else None
    if status is not None and status.job.reply is not None:
        *_, shown = await jobs_messages(status, services)
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
        words = rules.behind(services.presets.words_in(prompt), wanted.words)
        own = status is None or {*wanted.pictures} & {*sources_of(status)} or wanted.pictures[0].job
        words = words if own else await _with_wishes_before(turn, words, status)  # “the same for this one”
        prompt = services.presets.reworded(prompt, words)
        return replace(request, instruction=prompt, workflow=done.workflow, parameters=done.parameters)
    if wanted.preset:
        preset = services.presets.preset(wanted.preset)
        if preset is None:
            return None
        prompt = preset.with_words(wanted.words)
        return replace(request, instruction=prompt, workflow=preset.workflow, parameters=preset.parameters)
    return request


async def _with_wishes_before(turn: Turn, words: str, status: Status | None) -> str:
    """Return a job's instruction behind those of the results that it was made of: ten of them, oldest first."""
    for _ in range(10):
        before = sources_of(status)[0].job if status is not None else ""
        status = await turn.services.queue.status(before) if before else None
        if status is not None:
            words = rules.behind(turn.services.presets.words_in(status.job.edit.prompt), words)
    return words


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
    # Else the jobs had the new words already when the answer's turn comes, and nothing would seem to be corrected.
    await services.messenger.ready(turn.chat_id, edit=False)
    outcomes = [await services.backlog.reword(turn.user_id, job, action.words, words) for job in action.jobs]
    if Reworded.TOO_LATE in outcomes:
        raise _BegunError
    text = Text.EDITED_REFUSED if Reworded.REFUSED in outcomes else Text.EDITED_IN_TIME
    to = turn.to(action.to, "edited" if turn.edited else "")
    await turn.say(View(words(text, said=shortened(action.words))), to=to)


async def _stop(turn: Turn, draft: Draft, action: Stop) -> None:
    """Say how many jobs are cancelled, then cancel them; saying it first keeps the number right if it's repeated."""
    services, jobs, count = turn.services, action.jobs, len(action.jobs or ())
    if jobs is None:
        count = len(
            [*await services.backlog.waiting(turn.user_id), *await services.queue.unfinished_ids_of(turn.user_id)]
        )
    waits = draft.words or draft.preset or draft.pictures or jobs == ()
    if action.wrong:
        view = View(turn.words(Text.RIGHT_PHOTO))
    elif count:
        view = View(turn.words(Text.JOBS_CANCELLED, count=count))
    elif waits:
        view = View(turn.words(Text.DIALOGUE_CANCELLED))
    else:
        back = single(Button(turn.words(Text.UNDO_BUTTON), f"{UNDO}:{action.result}")) if action.result else ()
        view = View(turn.words(Text.NOT_YOURS_TO_STOP if turn.in_group else Text.NOTHING_TO_CANCEL), back)
    to = turn.to(turn.shown, f"stop{turn.update_id}" if turn.press or turn.edited else "")
    if await services.replies.find(to) is None:
        await turn.say(view, to=to)
    if jobs is None:
        await services.backlog.stop(turn.user_id)  # before the jobs, whose end would let it follow
        jobs = tuple(await services.queue.unfinished_ids_of(turn.user_id))
    for job in jobs:
        await _cancel(turn, job)


async def _reply(turn: Turn, draft: Draft, action: Reply) -> None:
    status = await turn.services.queue.status(action.result) if action.intent in _OF_RESULT else None
    if status is not None:
        await _OF_RESULT[Intent(action.intent)](turn, status)
        return
    if turn.in_group and action.intent not in (Intent.PRICE, Intent.PRIVACY, Intent.WHEN, Intent.SHAPE):
        if action.intent != Intent.THANKS:  # the others would have to read it
            await turn.say(View(turn.words(Text.GROUP_HELP, bot=turn.services.bot_name)))
        return
    intent, queue, backlog = Intent(action.intent), turn.services.queue, turn.services.backlog
    busy = bool(await queue.unfinished_ids_of(turn.user_id) or await backlog.waiting(turn.user_id))
    if busy and intent in (Intent.START, Intent.THANKS, Intent.QUESTION, Intent.FILE):  # which asks where a picture is
        intent = Intent.WHEN
    waits = intent in (*_REMARKS, Intent.PRICE) and rules.can_resume(draft)
    asks = (*_REMARKS, Intent.HELP) if draft.at else (Intent.QUESTION, Intent.START)  # “thanks” after “undo”
    none_left = await _none_left(turn) if waits else None
    if none_left is not None:
        await turn.say(none_left)
    elif waits and intent is not Intent.QUESTION:
        await turn.say(shop.waiting_view(turn.words, draft, Text.NOT_YET))
    elif draft.pictures and intent in asks and not (busy or waits or action.result):
        await turn.say_once(View(turn.words(Text.READY)))
    elif intent in _ANSWERS:
        await _ANSWERS[intent](turn)
    else:
        await turn.say_once(_remarked(turn, intent, action.result))


def _remarked(turn: Turn, intent: Intent, result: str) -> View:
    """Reply to thanks, a question or a complaint."""
    if intent in _TOLD:
        return View(turn.words(_TOLD[intent], kind=intent))
    offered = ((AGAIN, Text.AGAIN_BUTTON), (UNDO, Text.UNDO_BUTTON)) if result else ()
    buttons = tuple(Button(turn.words(text), f"{verb}:{result}") for verb, text in offered)
    return View(turn.words(Text.GRUMBLED if result else Text.HINT), (buttons,) if buttons else ())


_TOLD = {
    Intent.THANKS: Text.WELCOME,
    Intent.HELP: Text.ABILITIES,
    Intent.SEND: Text.SEND_IT,
    Intent.VIDEO: Text.UNSUPPORTED,
    Intent.SHAPE: Text.UNSUPPORTED,
}
_REMARKS = (Intent.WHEN, Intent.START, Intent.QUESTION, Intent.THANKS)
_QUESTIONS = (*QUESTIONS, Intent.QUESTION)
_OF_RESULT = {Intent.FILE: files.send_file, Intent.LARGER: files.enlarge}
_ANSWERS = {
    Intent.WHEN: commands.status,
    Intent.PRESETS: commands.offer_presets,
    Intent.START: commands.start,
    Intent.FILE: commands.give_help,
    Intent.LARGER: commands.give_help,
    Intent.PRICE: shop.offer,
    Intent.PRIVACY: privacy.answer_privacy,
    Intent.REFUND: shop.support,
}
