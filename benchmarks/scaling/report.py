"""The figures of all policies as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.scaling.comparison import mean, ratio, ratio_to_length
from benchmarks.scaling.picture import Bar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.scaling.comparison import Seed
    from benchmarks.scaling.runs import Outcome
    from benchmarks.scaling.traffic import Shape

TOLD = (1, 5)
"""Jobs a worker that have a row."""
COLUMNS = ("policy", "GPU hours", "busy", "p50 s", "p95 s", "late", "flaps an hour", "oracle", "length, same p95")


def table(shape: Shape, seeds: Sequence[Seed], targets: Sequence[float]) -> str:
    """Write the means over all seeds, a row for each policy."""
    lines = [f"| {shape.value}: {' | '.join(COLUMNS)} |", "| --- " + "| ---: " * (len(COLUMNS) - 1) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in _rows(seeds, targets)]
    for jobs in TOLD if len(targets) > 1 else ():  # one target has one p95, which is seldom that of a rule by length
        found = ratio_to_length(seeds, jobs)
        lines.append(
            f"By wait with the p95 of length {jobs}: "
            + ("no target has it" if found is None else f"{100 * found:.0f} % of its GPU seconds")
        )
    return "\n".join(lines)


def bars(seeds: Sequence[Seed], target: float) -> list[Bar]:
    """Return what the picture shows of one shape."""
    shown = {f"length {jobs}": [seed.length[jobs] for seed in seeds] for jobs in TOLD}
    shown[f"wait {target:g} s"] = [seed.wait[target] for seed in seeds]
    shown["oracle"] = [seed.oracle[target] for seed in seeds]
    return [Bar(name, mean(each, "gpu") / 3600, mean(each, "p95")) for name, each in shown.items()]


def _rows(seeds: Sequence[Seed], targets: Sequence[float]) -> Iterator[list[str]]:
    for jobs in TOLD:
        yield _row(f"length {jobs}", [seed.length[jobs] for seed in seeds], "", "")
    for target in targets:
        mine = [seed.wait[target] for seed in seeds]
        best = [seed.oracle[target] for seed in seeds]
        over = sum(each.gpu for each in mine) / sum(each.gpu for each in best)
        yield _row(f"wait {target:g} s", mine, f"{over:.2f} x", f"{100 * ratio(seeds, target):.0f} %")
    yield _row(f"oracle, p95 of wait {targets[-1]:g} s", [seed.oracle[targets[-1]] for seed in seeds], "1 x", "")


def _row(name: str, each: Sequence[Outcome], over: str, same: str) -> list[str]:
    gpu = sum(one.gpu for one in each)
    return [
        name,
        f"{gpu / 3600 / len(each):,.0f}",
        f"{100 * sum(one.busy for one in each) / gpu:.0f} %",
        f"{mean(each, 'p50'):.0f}",
        f"{mean(each, 'p95'):.0f}",
        f"{100 * mean(each, 'late'):.1f} %",
        f"{mean(each, 'flaps'):.2f}",
        over,
        same,
    ]
