"""Judges a run by what people see in their chats and by what Redis' file says happened.

Jepsen's total-queue (https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/checker.clj): what was accepted
must come out, once, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proofs.chaos.harness import ATTEMPTS
from proofs.chaos.history import KEYS, History, Past

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from proofs.chaos.harness import Harness
    from proofs.chaos.people import Crowd, Request
    from telegram_simulator.client import Message

DONE, CANCELLED, FAILED = "✨", "✖️ Cancelled", "😔"
"""How final answers begin."""
PENDING = ("⏳", "🔁", "🚀", "🎨", "📤", "✋")
"""How a job's message begins before the job has ended."""
PRESSED = (
    "Cancelled",
    "Stopping…",
    "This picture is already finished. Type what to change in it.",
    "This one has already ended. Send the photo again to go on.",
    "I've forgotten this one. Reply to the picture and say what to change, or send the photo again.",
)
"""What a message says whose button was pressed, and of which the bot does not know that it was sent: it was killed
between Telegram's taking it and its own note of it, and has sent the job another one, which has the answer."""
STAY_FILLED = (KEYS.dead, KEYS.ended, KEYS.answered_pictures, KEYS.largest_result)
"""Keys that hold something of jobs that have ended: a bounded number of them, kept pictures and sizes."""
KEPT = (
    *STAY_FILLED,
    "qwenedit:updates",
    KEYS.events,
    KEYS.time,
    f"{KEYS.inbox}:time",
    f"{KEYS.answers}:time",
    KEYS.layout,
    KEYS.workers,
    "qwenedit:users",
    "qwenedit:leader",
)
"""Keys that stay for good: these, empty streams, and what is bounded by the number of users."""


@dataclass
class Verdict:
    """What a run came to."""

    sent: int = 0
    accepted: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    """Job → why it counts as lost."""
    duplicated: dict[str, str] = field(default_factory=dict)
    unexpected: dict[str, str] = field(default_factory=dict)
    recovered: int = 0
    """Answered though an attempt was lost on the way."""
    answers: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    unclean: list[str] = field(default_factory=list)
    stale: int = 0
    """Messages of which a reply was lost on the way: they were sent again, and are not changed any more."""
    crashes: list[str] = field(default_factory=list)
    """Processes that ended by themselves, and lines of defects."""

    @property
    def broken(self) -> list[str]:
        """Say which promise was not kept, in a line each."""
        kinds = {"lost": self.lost, "duplicated": self.duplicated, "unexpected": self.unexpected}
        told = [f"{kind}: {job}: {why}" for kind, found in kinds.items() for job, why in found.items()]
        return [*told, *self.unclean, *self.crashes]


class Oracle:
    """Judges."""

    def __init__(self, harness: Harness, crowd: Crowd) -> None:
        self._harness = harness
        self._crowd = crowd
        self.history: History
        self.seen: dict[str, Past] = {}
        """The past of each job that was asked for."""

    def unanswered(self) -> list[Request]:
        """Return the requests without a final answer."""
        return [each for each in self._crowd.requests if not withdrawn(each) and not any(map(final, each.answers))]

    async def judge(self) -> Verdict:
        """Judge a run that is over."""
        verdict = Verdict(sent=len(self._crowd.requests))
        history = self.history = History(self._harness.redis.data_dir)
        for request in self._crowd.requests:
            past = self.seen[request.job_id] = history.jobs.pop(request.job_id, Past())
            await self._judge_one(verdict, request, past)
        for job, past in history.jobs.items():
            verdict.unexpected[job] = f"nobody asked for this job: {past}"
        for stray in self._crowd.strays:
            verdict.unexpected[stray] = "a message that answers nothing"
        verdict.unclean = await left_over(self._harness.client)
        verdict.crashes = [*(str(end) for end in self._harness.kubelet.ends if not end.killed), *self._harness.defects]
        return verdict

    async def _judge_one(self, verdict: Verdict, request: Request, past: Past) -> None:
        job = request.job_id
        finals = [message for message in request.answers if final(message)]
        verdict.stale += sum(pending(message) for message in request.answers)
        verdict.accepted += bool(past.accepted) or withdrawn(request)
        verdict.answers["cancelled before it was a job"] += withdrawn(request)
        verdict.attempts[past.attempts] += 1
        verdict.recovered += len(past.ends) == 1 and past.claims > 1
        if why := _lost(request, past):
            verdict.lost[job] = why
        if past.accepted > 1:
            verdict.duplicated[job] = f"accepted {past.accepted} times"
        if len(past.ends) > 1:
            verdict.duplicated[job] = f"ended {len(past.ends)} times: {', '.join(past.ends)}"
        if len(finals) > 1:
            verdict.duplicated[job] = f"{len(finals)} answers: {[message.text for message in finals]}"
        for message in finals:
            said = {version.text for version in message.versions if version.text.startswith((DONE, CANCELLED, FAILED))}
            if len(said) > 1:
                verdict.duplicated[job] = f"one message, two answers: {sorted(said)}"
            if problem := await self._wrong(request, message, past):
                verdict.unexpected[job] = problem
            else:
                verdict.answers[_outcome(message, past)] += 1

    async def _wrong(self, request: Request, message: Message, past: Past) -> str:
        """Say what about an answer is not as it is to be; empty where nothing is."""
        if message.text.startswith(CANCELLED):
            return "" if request.pressed else "cancelled, and nobody had asked for that"
        if message.text.startswith(FAILED):
            return (
                ""
                if request.may_fail or past.attempts >= ATTEMPTS
                else f"failed after {past.attempts} attempts: {past.reason}"
            )
        if message.now.photo is None:
            return f"no picture: {message.text!r}"
        if request.poison:
            return "a picture of a job that kills whoever makes it"
        picture = await self._harness.chats.download(message.now.photo)
        return "" if request.is_answered_by(picture) else "somebody else's picture"


def _lost(request: Request, past: Past) -> str:
    """Say why a request counts as lost; empty if it doesn't."""
    if not past.accepted:
        return "" if withdrawn(request) else "the message was never made a job"
    if not past.ends:
        return "accepted, and it never ended"
    if any(map(final, request.answers)):
        return ""
    shown = [version.text for message in request.answers for version in message.versions]
    return f"ended as {past.ends}, and nobody was told; the chat has shown {shown}"


def withdrawn(request: Request) -> bool:
    """Whether it was cancelled while it waited to become a job: then its message goes."""
    return request.pressed and not request.answers


def final(message: Message) -> bool:
    """Whether a message is the end of a job."""
    return not pending(message)


def pending(message: Message) -> bool:
    """Whether it is not its job's answer."""
    return message.text.startswith(PENDING) or message.text in PRESSED


def _outcome(message: Message, past: Past) -> str:
    if message.text.startswith(DONE):
        return "picture"
    return "cancelled" if message.text.startswith(CANCELLED) else f"failed ({past.reason})"


async def left_over(client: Redis) -> list[str]:
    """List what Redis still holds of a run in which every job has ended."""
    found = []
    sizes = {"list": client.llen, "set": client.scard, "zset": client.zcard, "stream": client.xlen}
    for key, kind in KEYS.kinds.items():
        if kind in sizes and key not in STAY_FILLED and (count := await sizes[kind](key)):
            found.append(f"{key} holds {count}")
    keys = [key async for key in client.scan_iter("*", count=1000) if key not in KEPT]
    return found + [f"{key} stays for ever" for key in keys if await client.ttl(key) == -1]
