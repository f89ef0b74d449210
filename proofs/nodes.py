"""A node that is cut off, or dies with the bot or with Redis on it, has each job answered once.

Runs `tests/e2e/nodes_at_length.py` on the cluster that KUBECONFIG names. `NODE_TOOL` names the command that adds, cuts
off and kills a second node; CONTRIBUTING.md says how it is called. Images get there as with `make e2e`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from qwenedit_testkit.programs import command_line, unable

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests/e2e/nodes_at_length.py"


def main() -> NoReturn:
    """Run the cases, or those that `-k` selects; exits with 1 where a promise was broken."""
    parser = command_line(__doc__)
    parser.add_argument("-k", metavar="WORDS", default="", help="run the cases whose names match, as pytest does")
    options = parser.parse_args()
    if not os.environ.get("NODE_TOOL"):
        unable("no second node can be had: set NODE_TOOL to a command for it, see CONTRIBUTING.md")
    if subprocess.run([ROOT / "tests/e2e/prepare.sh"], check=False).returncode:  # noqa: S603 - ours
        unable("the cluster is not prepared")
    selected = ("-k", options.k) if options.k else ()
    os.chdir(ROOT)
    # In this process' place: who stops the proof must stop pytest, which then takes the node and the namespace away.
    os.execv(sys.executable, [sys.executable, "-m", "pytest", str(CASES), *selected])  # noqa: S606 - ours


if __name__ == "__main__":
    main()
