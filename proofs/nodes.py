"""Cuts off and kills nodes with a worker, the bot or Redis on them: each job is answered once.

Runs `tests/e2e/nodes_at_length.py` on the cluster that KUBECONFIG names. `NODE_TOOL` names the command that adds, cuts
off and kills a second node; CONTRIBUTING.md says how it is called. Images get there as with `make e2e`.
"""

from __future__ import annotations

import os

from proofs._on_cluster import run_cases
from qwenedit_testkit.programs import unable

if __name__ == "__main__":
    if not os.environ.get("NODE_TOOL"):
        unable("no second node can be had: set NODE_TOOL to a command for it, see CONTRIBUTING.md")
    run_cases(__doc__, "nodes_at_length.py")
