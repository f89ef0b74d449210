"""GPU seconds and waits of days of photos: scaling by the line's length, by wait, and with knowledge of the future.

Discrete events, no sleeping, the same figures for the same seeds. Each seed has photos of its own and nodes that start
in 30 s to 10 min, evenly in the logarithm. The traffic is synthetic. Ratios below 1 are in favour of scaling by wait.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.scaling.comparison import Seed
from benchmarks.scaling.picture import draw
from benchmarks.scaling.report import bars, table
from benchmarks.scaling.runs import by_length, by_oracle, by_wait, node_start
from benchmarks.scaling.traffic import Shape, traffic
from qwenedit_testkit.programs import command_line, seconds, whole

JOBS_PER_WORKER = (1, 2, 3, 5, 8)


def run(shape: Shape, *, days: int, seed: int, seeds: int, targets: list[float]) -> Seed:
    """Give the same photos and nodes to all policies."""
    photos = traffic(shape, days=days, seed=seed)
    start = node_start(seed, seeds)
    told = targets[-1]
    wait = {target: by_wait(photos, start=start, seed=seed, target=target) for target in targets}
    return Seed(
        start=start,
        length={
            jobs: by_length(photos, start=start, seed=seed, jobs_per_worker=jobs, target=told)
            for jobs in JOBS_PER_WORKER
        },
        wait=wait,
        oracle={target: by_oracle(photos, start=start, wait=kept.p95, target=target) for target, kept in wait.items()},
    )


def main() -> int:
    """Run it and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("--days", type=whole(), default=30, help="(%(default)s)")
    parser.add_argument("--seeds", type=whole(), default=20, help="of each shape (%(default)s)")
    parser.add_argument("--shapes", nargs="+", type=Shape, default=[*Shape], help="steady, evening, bursts, viral")
    parser.add_argument(
        "--targets", nargs="+", type=seconds, default=[30.0, 120.0],
        help="waits that are wanted, seconds; pictures are late against the last one (30 120)",
    )  # fmt: skip
    parser.add_argument("--publish", type=Path, help="an SVG to write")
    options = parser.parse_args()
    print(f"{options.days} days, {options.seeds} seeds, nodes start in 30 to 600 s", flush=True)
    found: dict[Shape, list[Seed]] = {}
    for shape in options.shapes:
        began = time.process_time()
        found[shape] = [
            run(shape, days=options.days, seed=seed, seeds=options.seeds, targets=options.targets)
            for seed in range(options.seeds)
        ]
        print(f"{shape.value}: {time.process_time() - began:.0f} s of a processor", flush=True)
        print(table(shape, found[shape], options.targets), flush=True)
    if options.publish:
        panels = {shape.value: bars(seeds, options.targets[-1]) for shape, seeds in found.items()}
        options.publish.write_text(draw(panels, f"{options.days} days, means of {options.seeds} seeds"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
