"""Each job is answered once, whatever is killed, stopped, cut off or starved under load.

Redis, the bot, four workers and the simulators are processes; people send photos while a schedule of faults, made from
the seed, befalls them. Each run is reported, and judged by what people see and by what Redis' file says.
"""

from __future__ import annotations

from proofs.chaos.faults import BUCKET, WIRES
from proofs.chaos.report import lines
from proofs.chaos.run import run
from qwenedit_testkit.object_server import NoGoError, versitygw
from qwenedit_testkit.programs import command_line, conclude, unable, whole

MOST = 2_000
"""Jobs of one run; more are several runs, with seeds that follow each other."""


async def main() -> bool:
    """Run seed after seed, and print a report of each; returns whether all promises were kept."""
    parser = command_line(__doc__)
    parser.add_argument(
        "--jobs", type=whole(), default=MOST, help=f"in all; above {MOST} in several runs (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the first run (%(default)s)")
    parser.add_argument("--workers", type=whole(), default=4, help="processes (%(default)s)")
    parser.add_argument("--bucket", action="store_true", help="pictures lie in a store of objects")
    options = parser.parse_args()
    if options.bucket:
        _build_store()
    wires = (*WIRES, BUCKET) if options.bucket else WIRES
    left, seed, bad = options.jobs, options.seed, []
    while left > 0:
        one = await run(min(left, MOST), seed, workers=options.workers, wires=wires)
        print(*lines(one), sep="\n", flush=True)
        if not one.verdict.good:
            bad.append(seed)
        left, seed = left - MOST, seed + 1
    print(f"{options.jobs} jobs, {seed - options.seed} seeds: {f'BROKEN with {bad}' if bad else 'every promise kept'}")
    return not bad


def _build_store() -> None:
    try:
        versitygw()
    except NoGoError as error:
        unable(str(error))


if __name__ == "__main__":
    conclude(main())
