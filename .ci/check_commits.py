#!/usr/bin/env python3
"""Check the messages of commits: `check_commits.py origin/main..HEAD`. Merges are left out."""

from __future__ import annotations

import re
import subprocess
import sys

LONGEST_SUBJECT = 72
MOST_LINES_WITHOUT_BODY = 30
SUBJECT = re.compile(r"[A-Z][\w ,-]*: .*[^.\s]")


def complaints(message: str, changed_lines: int) -> list[str]:
    """Say what is wrong with a commit's message."""
    subject, *rest = message.splitlines() or [""]
    found = []
    if not SUBJECT.fullmatch(subject):
        found.append('the subject is not "Part: change", such as "Worker: renew the lease earlier"')
    if len(subject) > LONGEST_SUBJECT:
        found.append(f"the subject has {len(subject)} characters, of {LONGEST_SUBJECT}")
    if rest and rest[0]:
        found.append("no empty line follows the subject")
    if changed_lines > MOST_LINES_WITHOUT_BODY and not "".join(rest).strip():
        found.append(f"{changed_lines} lines change and no body says why")
    return found


def main(commits: str) -> int:
    """Print the complaints about a range of commits, and count them; those older than this check are left out."""
    count = 0
    first = _git("log", "--diff-filter=A", "--format=^%H", "--", __file__).split()
    for commit in _git("rev-list", "--no-merges", commits, *first).split():
        changes = re.findall(r"(\d+) (?:insertion|deletion)", _git("show", "--shortstat", "--format=", commit))
        message = _git("log", "-1", "--format=%B", commit).strip()
        for complaint in complaints(message, sum(map(int, changes))):
            print(f"{commit[:10]} {message.partition(chr(10))[0]}: {complaint}", file=sys.stderr)
            count += 1
    return count


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
