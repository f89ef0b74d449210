"""KEDA starts as few workers as keep the wait within the target, and goes by length while the bot says nothing.

Runs `tests/e2e/scaling_at_length.py` on the cluster that KUBECONFIG names, in a namespace of its own. Images get there
as with `make e2e`. No GPU is needed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qwenedit_testkit.programs import command_line, unable

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests/e2e/scaling_at_length.py"


def main() -> bool:
    """Run the cases, or those that `-k` selects; returns whether all promises were kept."""
    parser = command_line(__doc__)
    parser.add_argument("-k", metavar="WORDS", default="", help="run the cases whose names match, as pytest does")
    options = parser.parse_args()
    if subprocess.run([ROOT / "tests/e2e/prepare.sh"], check=False).returncode:  # noqa: S603 - ours
        unable("the cluster is not prepared")
    selected = ("-k", options.k) if options.k else ()
    done = subprocess.run([sys.executable, "-m", "pytest", CASES, *selected], cwd=ROOT, check=False)  # noqa: S603 - ours
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(0 if main() else 1)
