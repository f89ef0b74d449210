"""Progress of an execution, as its listener is told of it."""

from __future__ import annotations

from qwenedit_worker.comfyui import Progress, Stage
from qwenedit_worker.comfyui.execution.progress import Reporter


def test_progress_goes_forward_only() -> None:
    seen: list[Progress] = []
    reporter = Reporter(seen.append)

    reporter.show(Progress(Stage.QUEUED))
    for step in (1, 2, 3, 2):
        reporter.show(Progress(Stage.EDITING, step, 4))
    reporter.show(Progress(Stage.STARTING))

    assert seen == [Progress(Stage.QUEUED), *(Progress(Stage.EDITING, step, 4) for step in (1, 2, 3))]
