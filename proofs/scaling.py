"""KEDA starts as few workers as keep the wait within the target, and goes by length while the bot says nothing.

Runs `tests/e2e/scaling_at_length.py` on the cluster that KUBECONFIG names, in a namespace of its own. Images get there
as with `make e2e`. No GPU is needed.
"""

from __future__ import annotations

from proofs._on_cluster import run_cases

if __name__ == "__main__":
    run_cases(__doc__, "scaling_at_length.py")
