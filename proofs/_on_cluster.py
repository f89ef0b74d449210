"""What proofs on a cluster share: they are pytest's cases, too long for `make e2e`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn

from qwenedit_testkit import ROOT
from qwenedit_testkit.programs import command_line, unable


def run_cases(description: str | None, pattern: str, *, namespace: str = "") -> NoReturn:
    """Prepare the cluster that KUBECONFIG names, and run the cases, or those that `-k` selects.

    It ends as pytest does: with 1 where a promise was broken.

    Args:
        description: What `--help` says.
        pattern: Of the cases' files, below tests/e2e.
        namespace: One that the cases make and delete under a name that somebody may have: it must not be there.
    """
    parser = command_line(description)
    parser.add_argument("-k", metavar="WORDS", default="", help="run the cases whose names match, as pytest does")
    options = parser.parse_args()
    if subprocess.run([ROOT / "tests/e2e/prepare.sh"], check=False).returncode:  # noqa: S603 - ours
        unable("the cluster is not prepared")
    there = ["kubectl", "get", "namespace", namespace]
    if namespace and not subprocess.run(there, check=False, capture_output=True).returncode:  # noqa: S603 - ours
        unable(f"the cluster has a namespace {namespace} already: it would be deleted")
    cases = map(str, sorted((ROOT / "tests/e2e").glob(pattern)))
    os.chdir(ROOT)
    # In this process' place: who stops the proof must stop pytest, which then takes away what it has made.
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *cases, "-k", options.k])  # noqa: S606 - ours
