"""Random sequences of messages, presses and Redis errors: what they may cost, and that repeating one costs nothing.

The bot's own code reads, decides and acts; its queue, ledger and chat are in memory. Any call to them may fail, before
or after it takes effect. The update is then handled again, perhaps after the workers have gone on.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiogram.types import CallbackQuery, Message
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_bot.chat.view import Source
from qwenedit_bot.conversation import handlers, reading
from qwenedit_bot.conversation.commands import presets
from qwenedit_bot.conversation.draft import EMPTY, Draft, Picture
from qwenedit_bot.conversation.rules.events import Thing
from qwenedit_bot.conversation.turn import Turn
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_bot.edits.answers import AnswerOutcome, refund
from qwenedit_bot.edits.requests.backlog import WaitingRequest
from qwenedit_bot.edits.requests.request import Request, RequestOutcome, Reworded
from qwenedit_bot.payments.quotas import Quota
from qwenedit_bot.pictures.sources import Attachment, Sources, StoredPicture
from qwenedit_bot.presets import catalogue
from qwenedit_bot.texts import Words
from qwenedit_bot.understanding.exact_words import ExactWords
from qwenedit_bot.understanding.reader import Stage
from qwenedit_jobs import Cancelled, Edit, Job, Phase, ReplyTo, Result, State, Status

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

ANN, BOB, BOT, PARTY = 100, 200, 1, -300
IDS, PRESETS = JobIds("1:token"), catalogue.load(None)
VERBS = ("again", "undo", "stop", "so cool")
BUTTONS = {
    "how": handlers.how,
    "resume": handlers.resume,
    "again": handlers.again,
    "undo": handlers.undo,
    "cancel": handlers.cancel,
    "over": handlers.over,
    "preset": presets.choose,
}


def call(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method a call to Redis or Telegram, which fails when the fuse has burnt down."""

    @functools.wraps(method)
    async def called(world: World, *args: Any, **more: Any) -> Any:
        world.burn()
        answer = method(world, *args, **more)
        world.burn()
        return answer

    return called


@dataclass
class World:
    """Ann's chat with the bot, the queue with its workers, and one day's ledger."""

    chance: random.Random
    per_day: int = 1_000
    fails: bool = True
    draft: Draft = EMPTY
    jobs: dict[str, Status] = field(default_factory=dict)
    behind: dict[str, WaitingRequest] = field(default_factory=dict)
    answers: dict[Any, int] = field(default_factory=dict)
    sent: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The user's messages."""
    charges: set[str] = field(default_factory=set)
    charged: int = 0
    """Charges ever made; `used` are those not given back."""
    used: int = 0
    early: set[str] = field(default_factory=set)
    starts: int = 0
    number: int = 0
    now: int = 1_000
    fuse: int = 0

    def __post_init__(self) -> None:
        parts = dict.fromkeys(("drafts", "queue", "backlog", "store", "replies", "messenger", "quotas"), self)
        self.services: Any = SimpleNamespace(
            **parts, bot_id=BOT, bot_name="bot", ids=IDS, presets=PRESETS, reader=ExactWords(), shop=SimpleNamespace()
        )
        self.services.shop.packs = ()

    def burn(self) -> None:
        self.fuse -= 1
        if self.fuse == 0:
            raise RedisConnectionError

    def next(self) -> int:
        self.number += 1
        return self.number

    def unfinished(self) -> list[str]:
        return [each.id for each in self.jobs.values() if not each.state.final]

    def change(self, changed: str, **fields: Any) -> None:
        self.jobs[changed] = replace(self.jobs[changed], **fields)

    # ---------------------------------------------------------------- the queue, and what waits behind it

    @call
    def statuses(self, ids: Any) -> list[Status]:
        return [self.jobs[each] for each in ids if each in self.jobs]

    @call
    def status(self, job: str) -> Status | None:
        return self.jobs.get(job)

    @call
    def unfinished_ids_of(self, _user: int) -> list[str]:
        return self.unfinished()

    @call
    def cancel(self, job: str) -> Cancelled:
        state = self.jobs[job].state
        if state is State.QUEUED:
            self.change(job, state=State.CANCELLED, finished_at=self.now)
        elif state is State.RUNNING:
            self.change(job, cancelling=True)
        return Cancelled.CANCELLING if state is State.RUNNING else Cancelled(self.jobs[job].state)

    @call
    def take(self, request: Request, _words: Words, *, after: str = "") -> RequestOutcome:
        job = request.job_id
        if job in self.jobs or job in self.behind:
            return RequestOutcome.ACCEPTED
        if not self.charge(job):
            return RequestOutcome.NOT_NOW
        waiting = WaitingRequest(request, "en", after, self.answer(request.to))
        if after or len(self.unfinished()) == 3:
            self.behind[job] = waiting
        else:
            self.enqueue(waiting)
        return RequestOutcome.ACCEPTED

    def enqueue(self, waiting: WaitingRequest) -> None:
        request, to = waiting.request, waiting.request.to
        edit = Edit(prompt=request.instruction, pictures=("photo",) * len(request.attachments), seed=1)
        reply = ReplyTo(
            chat_id=to.chat_id,
            placeholder_id=waiting.message_id,
            source_message_id=to.message_id,
            language="en",
            discriminator=to.discriminator,
        )
        job = Job(id=request.job_id, user_id=request.user_id, edit=edit, reply=reply)
        sources = Sources(request.attachments, request.shown).text()
        self.jobs[job.id] = Status(
            job, State.QUEUED, Phase.QUEUED, 0, 0, 0, False, self.now, None, None, sources=sources
        )

    @call
    def waiting(self, user: int) -> list[WaitingRequest]:
        return [each for each in self.behind.values() if each.request.user_id == user]

    @call
    def stop(self, _user: int, job: str | None = None) -> int:
        ended = [each for each in self.behind if job in (None, each)]
        for each in ended:
            self.refund(each)
            del self.behind[each]
        return len(ended)

    @call
    def start_over(self, waiting: WaitingRequest, sources: Any, shown: Any) -> None:
        request = replace(waiting.request, attachments=tuple(sources), shown=tuple(shown))
        self.behind[request.job_id] = replace(waiting, request=request, after="", replaces=waiting.after)

    @call
    def reword(self, _user: int, job: str, wish: str, _words: Words) -> Reworded:
        if waiting := self.behind.get(job):
            self.behind[job] = replace(waiting, request=replace(waiting.request, instruction=wish))
            return Reworded.DONE
        status = self.jobs[job]
        edit = status.job.edit.model_copy(update={"prompt": PRESETS.reworded(status.job.edit.prompt, wish)})
        if edit != status.job.edit and (status.state is not State.QUEUED or status.attempt):
            return Reworded.TOO_LATE
        self.change(job, job=status.job.model_copy(update={"edit": edit}))
        return Reworded.DONE

    # ---------------------------------------------------------------- the ledger, as in `payments/lua`

    def charge(self, job: str) -> bool:
        new = job not in self.charges
        if new and self.used == self.per_day:
            return False
        self.charges.add(job)
        self.used, self.charged = self.used + new, self.charged + new
        return True

    def refund(self, job: str) -> bool:
        charged = job in self.charges
        self.charges.discard(job)
        self.used -= charged
        return charged

    @call
    def of(self, _user: int) -> Quota:
        return Quota(self.per_day, self.used, 0, 60.0)

    @call
    def give_back(self, _user: int, job: str) -> None:
        self.refund(job)

    @call
    def give_back_cancelled(self, _user: int, job: str) -> bool:
        if job not in self.early and len(self.early) < self.per_day and self.refund(job):
            self.early.add(job)
        return job in self.early

    # ---------------------------------------------------------------- the draft and the chat

    @call
    def read(self, *_place: int) -> Draft:
        return self.draft

    @call
    def write(self, _chat: int, _user: int, draft: Draft) -> None:
        self.draft = draft

    def answer(self, to: Source) -> int:
        self.answers[to.answer] = self.answers.get(to.answer) or self.next()
        return self.answers[to.answer]

    @call
    def say(self, to: Source, *_view: Any, **_more: Any) -> int:
        return self.answer(to)

    @call
    def find(self, to: Source) -> int | None:
        return self.answers.get(to.answer)

    @call
    def find_all(self, messages: Sequence[Source]) -> list[int | None]:
        return [self.answers.get(to.answer) for to in messages]

    @call
    def ready(self, *_args: Any, **_more: Any) -> bool:
        return True

    delete = edit = answer_press = is_first = holds = ready

    # ---------------------------------------------------------------- what the workers do

    async def works(self) -> None:
        """Let some jobs begin or end, answer those that ended, and let what waits for them follow."""
        self.fuse, self.now = 0, self.now + self.chance.choice((1, 5, 30))
        for job in list(self.jobs):
            status, state = self.jobs[job], self.jobs[job].state
            if state is State.QUEUED and self.chance.random() < 0.4:
                self.change(job, state=State.RUNNING, attempt=1, started_at=self.now)
                self.starts += 1
            elif state is State.RUNNING and self.chance.random() < 0.4:
                ends = (
                    (State.CANCELLED,)
                    if status.cancelling
                    else (State.DONE, State.DONE, State.FAILED)[: 2 + self.fails]
                )
                end = self.chance.choice(ends)
                made = Result(picture=f"result of {job}", seed=1, seconds=1.0) if end is State.DONE else None
                self.starts -= end is State.FAILED  # the operator's business
                self.change(job, state=end, result=made, finished_at=self.now)
            elif state.final and not status.answered:
                await refund(self.services.quotas, status, state)
                self.charges.discard(job)
                self.change(job, answered_at=self.now, answer=AnswerOutcome.PICTURE if status.result else "")
        for job, waiting in list(self.behind.items()):
            await self.follows(job, waiting)

    async def follows(self, job: str, waiting: WaitingRequest) -> None:
        before = self.jobs.get(waiting.after)
        if (before and not before.answered) or len(self.unfinished()) == 3:
            return
        del self.behind[job]
        if before and not before.result:
            self.refund(job)
            return
        if before and before.result and before.job.reply:
            picture, shown = StoredPicture(before.result.picture), (before.job.reply.placeholder_id, before.id)
            waiting = replace(waiting, request=replace(waiting.request, attachments=(picture,), shown=(shown,)))
        if waiting.replaces:
            await self.cancel(waiting.replaces)
        self.enqueue(waiting)

    # ---------------------------------------------------------------- what Ann does

    def message(self, sender: int = ANN, **content: Any) -> dict[str, Any]:
        person = {"id": sender, "is_bot": sender == BOT, "first_name": "Ann"}
        return {"date": 1_000, "chat": {"id": ANN, "type": "private"}, "from": person, **content}

    def sends(self, **content: Any) -> dict[str, Any]:
        raw = self.message(**content, message_id=self.next())
        self.sent[raw["message_id"]] = raw
        return raw

    def turn(self, event: Message | CallbackQuery, **more: Any) -> Turn:
        return Turn(event, Words("en"), self.services, ANN, ANN, self.next(), **more)

    def words(self) -> str:
        return f"wish{self.next()}."

    def photos(self, count: int, caption: str) -> Turn:
        album = [self.sends(photo=[a_photo(self.number)]) for _ in range(count)]
        album[0]["caption"] = caption
        messages = tuple(map(Message.model_validate, album))
        return self.turn(messages[0], album=messages if count > 1 else ())

    def text(self) -> Turn:
        raw = self.sends(text=self.chance.choice((self.words(), self.words(), self.chance.choice(VERBS))))
        answered = self.chance.choice([None, None, *map(self.bots, self.jobs), *self.sent.values()])
        return self.turn(Message.model_validate({**raw, "reply_to_message": answered} if answered else raw))

    def correction(self) -> Turn:
        raw = self.sent[self.chance.choice(list(self.sent))]
        kind = "caption" if "photo" in raw else "text"
        words = self.chance.choice((self.words(), self.words(), "stop", raw.get(kind, "")))
        raw |= {kind: words, "edit_date": self.now}
        if "photo" in raw and self.chance.random() < 0.2:
            raw["photo"] = [a_photo(self.next())]
        return self.turn(Message.model_validate(raw), edited=True)

    def bots(self, job: str) -> dict[str, Any]:
        """Return the bot's message about a job."""
        status = self.jobs[job]
        assert status.job.reply is not None
        shown = {"photo": [a_photo(0)]} if status.answered and status.result else {"text": "…"}
        return self.message(BOT, message_id=status.job.reply.placeholder_id, **shown)

    def pressed(self, data: str, message: dict[str, Any]) -> Turn:
        person = self.message()["from"]
        press = {"id": str(self.next()), "from": person, "chat_instance": "1", "data": data, "message": message}
        return self.turn(CallbackQuery.model_validate(press))

    def does(self) -> tuple[Turn, Callable[[Turn], Awaitable[None]]]:
        """Return something that Ann does, and its handler."""
        kind = self.chance.choice(("text", "text", "photos", "correction", "job", "question", "offer"))
        if kind in ("text", "photos"):
            count, caption = self.chance.choice((1, 1, 2, 5)), self.chance.choice(("", self.words()))
            return (self.text() if kind == "text" else self.photos(count, caption)), handlers.message
        if kind == "correction":
            return self.correction(), handlers.corrected
        pressed = self.message(BOT, message_id=self.draft.shown or 1, text="?")
        data = [f"over:{each}" for each in (*(offer.key for offer in self.draft.offers), *self.behind)]
        if kind == "job" and self.jobs:
            job = self.chance.choice(list(self.jobs))
            pressed, data = self.bots(job), [f"{verb}:{job}" for verb in ("again", "undo", "cancel")]
        elif kind == "question" or not data:
            data = ["how:each", "how:together", "resume", "preset:try-on", "preset:business"]
        chosen = self.chance.choice(data)
        return self.pressed(chosen, pressed), BUTTONS[chosen.partition(":")[0]]

    async def handles(self, turn: Turn, handler: Callable[[Turn], Awaitable[None]]) -> None:
        """Handle an update until it succeeds, then twice more: with the draft from before it, and after it."""
        before, known, failed = self.draft, self.made(), True
        while failed:
            self.fuse = self.chance.choice((0, 0, self.chance.randint(1, 40)))
            try:
                await handler(replace(turn))
            except RedisConnectionError:
                if self.chance.random() < 0.5:
                    await self.works()
            else:
                failed = False
        self.fuse, after, made, charged = 0, self.draft, self.made(), self.charged
        for self.draft in (before, after):
            await handler(replace(turn))
            assert (self.made() <= made, self.charged) == (True, charged)
        self.draft = after
        edited = [pictures for job, (pictures, _words) in self.living().items() if job not in known]
        assert len(edited) == len(set(edited))  # though the workers went on between two tries

    def made(self) -> set[str]:
        return {*self.jobs, *self.behind}

    def living(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Return the pictures and words of the jobs that have or will have a result."""
        ended = (State.FAILED, State.CANCELLED)
        jobs = [each for each in self.jobs.values() if each.state not in ended and not each.cancelling]
        found = {each.id: (Sources.parse(each.sources).pictures, each.job.edit.prompt) for each in jobs}
        found |= {job: (each.request.attachments, each.request.instruction) for job, each in self.behind.items()}
        return {job: (tuple(map(file_of, pictures)), words) for job, (pictures, words) in found.items()}


def file_of(picture: Attachment | StoredPicture) -> str:
    return picture.file_id if isinstance(picture, Attachment) else picture.ref


def a_photo(number: int) -> dict[str, Any]:
    return {"file_id": f"file {number}", "file_unique_id": "u", "width": 9, "height": 9, "file_size": number + 1}


@pytest.mark.parametrize("seed", range(300))
async def test_sequence_costs_no_more_than_it_shows(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    world = World(chance, per_day=chance.choice((1, 4, 1_000)))
    await world.handles(world.photos(2, ""), handlers.message)
    for _ in range(chance.randint(1, 20)):
        await world.handles(*world.does())
        await world.works()
        shown = [each for each in world.jobs.values() if each.result is not None and each.answered]
        assert len(shown) <= world.used <= world.per_day
        assert world.starts <= world.used + world.per_day


@pytest.mark.parametrize("seed", range(40))
async def test_corrected_caption_of_an_album_reaches_each_photo_once(seed: int) -> None:
    world = World(random.Random(seed), fails=False)  # noqa: S311 - no secret
    await world.handles(world.photos(5, "make it sno"), handlers.message)
    for _ in range(world.chance.randint(0, 6)):
        await world.works()
    first = world.sent[1] | {"caption": "make it snow", "edit_date": world.now}
    turn, before, charged = world.turn(Message.model_validate(first), edited=True), world.draft, world.charged
    for _ in range(5):
        world.draft = before
        await handlers.corrected(replace(turn))
        corrected = [pictures for pictures, words in world.living().values() if words == "make it snow"]
        offered = [tuple(map(file_of, (p.source for p in w.pictures))) for o in world.draft.offers for w in o.wanted]
        assert sorted([*corrected, *offered]) == [(f"file {number}",) for number in range(5)]
        await world.works()
    assert (len(world.living()), world.charged) == (5, charged)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.FAILED, State.CANCELLED, State.DONE])
@pytest.mark.parametrize("answer", [AnswerOutcome.PICTURE, AnswerOutcome.WITHHELD])
async def test_reply_to_another_persons_job_is_about_the_shown_picture_only(state: State, answer: str) -> None:
    world, job, to = World(random.Random(0)), IDS(PARTY, 1), Source(PARTY, 1)  # noqa: S311 - no secret
    request = Request(job, to, BOB, (Attachment("Bob's photo", 1, None),), "Bob's words", shown=((1, ""),))
    world.enqueue(WaitingRequest(request, "en", message_id=2))
    made = Result(picture="result", seed=1, seconds=1.0) if state is State.DONE else None
    answered = {"answered_at": 1.0, "answer": answer} if state.final else {}
    world.change(job, state=state, attempt=int(state is not State.QUEUED), result=made, **answered)
    keyboard = {"inline_keyboard": [[{"text": "Again", "callback_data": f"again:{job}"}]]}
    bots = world.message(BOT, message_id=2, text="…", reply_markup=keyboard)
    said = world.message(message_id=3, text="Ann's words", reply_to_message=bots)
    group = {"id": PARTY, "type": "group", "title": "party"}
    message = Message.model_validate(said | {"chat": group, "reply_to_message": bots | {"chat": group}})
    event = await reading.said_in(Turn(message, Words("en"), world.services, PARTY, ANN, 1), EMPTY, message)
    shown = Thing(Stage.PHOTO, (Picture(StoredPicture("result"), 2),))
    assert event.things == ((shown,) if made and answer is AnswerOutcome.PICTURE else ())
