"""Each runbook's commands find the cause on a cluster in that trouble, and its remedies end the trouble.

Runs `tests/e2e/runbooks` on the cluster that KUBECONFIG names, in a namespace `photos` that nobody else may have there:
the commands are typed as they stand. Images get there as with `make e2e`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qwenedit_testkit.programs import command_line, unable

ROOT = Path(__file__).parents[1]
CASES = sorted((ROOT / "tests/e2e/runbooks").glob("trouble_*.py"))
NAMESPACE = "photos"


def main() -> bool:
    """Run the cases, or those that `-k` selects; returns whether all promises were kept."""
    parser = command_line(__doc__)
    parser.add_argument("-k", metavar="WORDS", default="", help="run the cases whose names match, as pytest does")
    options = parser.parse_args()
    if subprocess.run([ROOT / "tests/e2e/prepare.sh"], check=False).returncode:  # noqa: S603 - ours
        unable("the cluster is not prepared")
    there = ["kubectl", "get", "namespace", NAMESPACE]
    if not subprocess.run(there, check=False, capture_output=True).returncode:  # noqa: S603 - ours
        unable(f"the cluster has a namespace {NAMESPACE} already: it would be deleted")
    selected = ("-k", options.k) if options.k else ()
    done = subprocess.run([sys.executable, "-m", "pytest", *CASES, *selected], cwd=ROOT, check=False)  # noqa: S603 - ours
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
