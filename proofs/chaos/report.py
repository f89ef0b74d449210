"""What a run says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proofs.chaos.faults import BUCKET, Kind, ailment
from qwenedit_testkit.proxy import Toxic

if TYPE_CHECKING:
    from proofs.chaos.run import Run

SHOWN = 5
"""Violations whose jobs' histories are printed."""


def lines(run: Run) -> list[str]:
    """Return the report, a line each."""
    verdict = run.verdict
    told = [
        f"seed {run.seed}: {verdict.sent} jobs in {run.seconds:.0f} s, {run.draining:.0f} s of it after the last fault",
        *(
            [f"  paced       for a machine {run.slowness:.1f} times as slow as two free cores, at the end"]
            if run.slowness > 1
            else []
        ),
        f"  accepted    {verdict.accepted} of {verdict.sent} sent; recovered {verdict.recovered} after a lost attempt",
        f"  lost        {len(verdict.lost)}",
        f"  duplicated  {len(verdict.duplicated)}",
        f"  unexpected  {len(verdict.unexpected)}",
        f"  answers     {_counted(verdict.answers)}",
        f"  attempts    {_counted({f'in {attempt}': count for attempt, count in sorted(verdict.attempts.items())})}",
        f"  stale       {verdict.stale} messages whose sending was confirmed to nobody",
        f"  Redis       {run.commands} writes; {'clean at the end' if not verdict.unclean else 'NOT clean:'}",
        *(f"              {each}" for each in verdict.unclean[:SHOWN]),
        f"  processes   {_counted(run.killed)} killed; {len(verdict.crashes)} ended by themselves or met a defect",
        f"  memory      {', '.join(f'{name} {megabytes:.0f} MB' for name, megabytes in run.memory.items())}",
        f"  faults      {sum(run.faults.values())}",
        *(f"    {run.faults[kind]:5d}  {kind}" for kind in _kinds(run)),
        " " * 17 + "".join(f"  {toxic}" for toxic in Toxic),
        *(
            f"    {wire:>13}" + "".join(f"{run.faults[ailment(toxic, wire)]:>{len(toxic) + 2}}" for toxic in Toxic)
            for wire in run.wires
        ),
    ]
    for crash in verdict.crashes[:SHOWN]:
        told += ["", crash]
    for kind in ("lost", "duplicated", "unexpected"):
        for job, why in list(getattr(verdict, kind).items())[:SHOWN]:
            told += ["", f"{kind}: {job}: {why}", *(f"    {line}" for line in run.history.of(job))]
    where = " --bucket" if BUCKET in run.wires else ""
    again = f'make prove NAME=chaos ARGS="--jobs {run.jobs} --seed {run.seed}{where}"'
    told.append(f"  {'BROKEN' if verdict.broken else 'KEPT'}; re-run with: {again}")
    return told


def _kinds(run: Run) -> list[Kind]:
    return [kind for kind in Kind if kind is not Kind.AIL and (kind is not Kind.KILL_STORE or BUCKET in run.wires)]


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items()) or "none"
