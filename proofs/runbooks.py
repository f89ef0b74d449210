"""Causes eight troubles on a cluster: the runbooks' commands find each cause, and their remedies end it.

Runs `tests/e2e/runbooks` on the cluster that KUBECONFIG names, in a namespace `photos` that nobody else may have there:
the commands are typed as they stand. Images get there as with `make e2e`.
"""

from __future__ import annotations

from proofs._on_cluster import run_cases

if __name__ == "__main__":
    run_cases(__doc__, "runbooks/t*.py", namespace="photos")
