"""Start a worker for each await, have it killed there, and judge what became of its job."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from comfyui_simulator.client import SimulatorControl
from local_stack import python_module
from proofs.awaits.acts import pictures, until_idle
from proofs.awaits.scenarios import SCENARIOS, Scenario
from proofs.chaos.harness import Harness
from proofs.chaos.oracle import Oracle
from proofs.chaos.people import Crowd, Request
from proofs.chaos.run import waiting
from qwenedit_jobs import Keys, Reason, Retry, State
from qwenedit_testkit.waiting import cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proofs.awaits.places import Await
    from proofs.chaos.oracle import Verdict

LOOK = 0.02
TRIES = 3
"""So often a scenario is played until its worker comes to an await that it came to before."""
TIDYING = 2.0
"""Seconds after the jobs' end for which their pictures may stay on ComfyUI: an edit that failed may leave them."""
LATER = 3600
"""Seconds until a job whose worker was killed is due again, unless all are told to be due."""
PATIENCE = 120.0
SIGN_EVERY = 20


@dataclass
class Kill:
    """A worker that was killed."""

    at: Await
    scenario: str
    job: str = ""
    """What it had in hand; empty where it had no job, or none any more."""


@dataclass
class Findings:
    """What came of all of them."""

    awaits: list[Await]
    kills: list[Kill] = field(default_factory=list)
    verdict: Verdict | None = None
    attempts: dict[str, int] = field(default_factory=dict)

    @property
    def missed(self) -> list[Await]:
        """Awaits at which nobody was killed."""
        killed = {kill.at for kill in self.kills}
        return [each for each in self.awaits if each not in killed]

    @property
    def broken(self) -> list[str]:
        """Say at which of them nobody was killed, and which promise was not kept all the same, in a line each."""
        verdict = self.verdict.broken if self.verdict is not None else ["nobody judged"]
        return [*(f"not killed at {each}" for each in self.missed), *verdict]


class Executioner:
    """Has workers killed, one after the other."""

    def __init__(self, harness: Harness, control: SimulatorControl) -> None:
        self.harness = harness
        self.control = control
        self._notes = harness.folder / "notes"
        self.crowd = Crowd(harness, jobs=0, seed=0)

    async def play(self, scenario: Scenario, target: str = "", *, busy: bool = False) -> tuple[bool, str]:
        """Play a scenario with one worker.

        Returns:
            Whether the worker was killed, and the job that it had in hand.
        """
        requests = [await self.ask(cancels=scenario.cancels) for _ in range(scenario.jobs)]
        async with asyncio.timeout(PATIENCE):
            await self._until_accepted(requests)
            await until_idle(self)
        jobs = [request.job_id for request in requests]
        for fault, parameters in scenario.faults:
            await self.control.fault(fault, **parameters)
        async with scenario.prepare(self, jobs):
            return await self._play(scenario, jobs, target, busy=busy)

    async def _play(self, scenario: Scenario, jobs: list[str], target: str, *, busy: bool) -> tuple[bool, str]:
        harness = self.harness
        name = f"victim-{len(self.crowd.requests)}"
        own = {name: value.format(folder=harness.folder) for name, value in scenario.env.items()}
        watch = {"AWAITS_NOTES": str(self._notes), "AWAITS_TARGET": target, "AWAITS_BUSY": "1" if busy else ""}
        worker = harness.make_worker(name, PROBE_PORT="0", COMFYUI_POLL_INTERVAL="0.1", **watch, **own)
        worker.command = python_module("proofs.awaits.watched")
        worker.listener = None  # what it says as it dies is no defect
        await worker.launch()
        acting = asyncio.create_task(scenario.act(self, worker, jobs))
        deadline = time.monotonic() + scenario.seconds
        over = 0.0
        try:
            while worker.running and time.monotonic() < deadline:
                await asyncio.sleep(LOOK)
                if not (acting.done() and await self._over(jobs)):
                    over = 0.0
                    continue
                over = over or time.monotonic()
                if time.monotonic() > over + TIDYING or not await pictures(self, jobs):
                    break
        finally:
            await cancelled(acting)
            await worker.kill()
            await self.control.clear()
            for proxy in (*harness.to_redis.values(), *harness.to_comfyui):
                proxy.toxic = None
        held = await self._held_by(name)
        await self._put_off()
        return bool(target) and bool(self._met()), held

    def _met(self) -> dict[str, bool]:
        """Return what was noted since the last time: await → whether with a job in hand."""
        found: dict[str, bool] = {}
        with suppress(FileNotFoundError):
            for line in self._notes.read_text().splitlines():
                name, busy = line.split()
                found[name] = found.get(name, False) or busy == "1"
            self._notes.unlink()
        return found

    async def explore(
        self, scenarios: Iterable[Scenario], say: Callable[[str], None]
    ) -> dict[str, list[tuple[Scenario, bool]]]:
        """Find out for each await which scenarios come to it, those first that do with a job in hand."""
        where: dict[str, list[tuple[Scenario, bool]]] = {}
        for scenario in scenarios:
            self._met()
            await self.play(scenario)
            before = len(where)
            for name, busy in self._met().items():
                where.setdefault(name, []).append((scenario, busy))
            say(f"{scenario.name}: {len(where) - before} awaits that were not met before, {len(where)} in all")
        return {name: sorted(found, key=lambda each: not each[1]) for name, found in where.items()}

    async def kill(self, at: Await, where: list[tuple[Scenario, bool]]) -> Kill | None:
        """Have a worker killed at an await; None where none came to it again."""
        for scenario, busy in where:
            for _ in range(TRIES):
                killed, job = await self.play(scenario, at.name, busy=busy)
                if killed:
                    return Kill(at, scenario.name, job)
        return None

    async def ask(self, *, cancels: bool = False) -> Request:
        """Send a photo."""
        number = len(self.crowd.requests)
        request = Request(number, await self.harness.chats.user(), poison=False, cancel_after=None, may_fail=True)
        request.pressed = cancels
        self.crowd.requests.append(request)
        (request.message,) = await request.person.send(photo=request.photo, caption=f"make a negative {number}")
        return request

    async def _put_off(self) -> None:
        """Let the jobs that are left in line be tried later: the next worker is to get those of its own scenario."""
        queue = self.harness.queue
        while claim := await queue.claim(worker="clerk", token=secrets.token_hex(8), lease=60):
            await queue.settle(claim.job.id, claim.token, Retry(Reason.UNKNOWN, "left over"))

    async def _until_accepted(self, jobs: list[Request]) -> None:
        while len(await self.harness.queue.statuses(job.job_id for job in jobs)) < len(jobs):
            await asyncio.sleep(LOOK)

    async def _over(self, jobs: Iterable[str]) -> bool:
        statuses = await self.harness.queue.statuses(jobs)
        return all(status.state.final or status.state is State.DELAYED for status in statuses)

    async def _held_by(self, worker: str) -> str:
        keys = Keys()
        for zset in (keys.leases, keys.draining):
            for job_id in await self.harness.client.zrange(zset, 0, -1):
                if await self.harness.client.hget(keys.job(str(job_id)), "worker") == worker:
                    return str(job_id)
        return ""

    async def all_due(self) -> None:
        """Let time pass for jobs that wait for their next attempt, until every one has ended."""
        keys = Keys()
        oracle = Oracle(self.harness, self.crowd)
        async with asyncio.timeout(PATIENCE + len(self.crowd.requests)):
            while True:
                for job_id in await self.harness.client.zrange(keys.delayed, 0, -1):
                    await self.harness.client.zadd(keys.delayed, {str(job_id): 1}, xx=True)
                if await self.crowd.idle():
                    await self.crowd.look()
                    if not oracle.unanswered() and not await waiting(self.harness):
                        return
                await asyncio.sleep(0.5)


async def kill_at(
    awaits: list[Await], *, only: Iterable[Scenario] = SCENARIOS, say: Callable[[str], None] = print
) -> Findings:
    """Kill a worker at each await that some scenario meets.

    Args:
        awaits: The points.
        only: The scenarios.
        say: Told of how far it is.
    """
    findings = Findings(awaits)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        harness = await stack.enter_async_context(Harness(folder, workers=0, seed=0, retry_delays=str(LATER)))
        control = await stack.enter_async_context(SimulatorControl(harness.comfyuis[0].url))
        executioner = Executioner(harness, control)
        where = await executioner.explore(only, say)
        for each in awaits:
            if each.name not in where:
                say(f"  not met: {each}")
            elif kill := await executioner.kill(each, where[each.name]):
                findings.kills.append(kill)
                if len(findings.kills) % SIGN_EVERY == 0:
                    say(f"  {len(findings.kills)} killed")
            else:
                say(f"  not met again in {', '.join(scenario.name for scenario, _ in where[each.name])}: {each}")
        await harness.launch_workers(2)
        await executioner.all_due()
        oracle = Oracle(harness, executioner.crowd)
        findings.verdict = await oracle.judge()
        findings.attempts = {job: past.claims for job, past in oracle.seen.items()}
    return findings


def told(findings: Findings) -> list[str]:
    """Return the report, a line each."""
    lines = [f"{'job':16}  attempts  scenario     await"]
    for kill in findings.kills:
        attempts = str(findings.attempts.get(kill.job, "")) if kill.job else "-"
        lines.append(f"{kill.job or '-':16}  {attempts:>8}  {kill.scenario:11}  {kill.at}")
    verdict = findings.verdict
    assert verdict is not None
    kinds = (verdict.lost, "lost"), (verdict.duplicated, "duplicated"), (verdict.unexpected, "unexpected")
    counts = ", ".join(f"{len(found)} {kind}" for found, kind in (*kinds, (verdict.crashes, "defects")))
    killed = f"{len(findings.kills)} of {len(findings.awaits)} awaits killed at"
    return [*lines, f"{killed}; {verdict.sent} jobs, {counts}"]
