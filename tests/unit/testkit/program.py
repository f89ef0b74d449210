"""A program that tells how it was started, and ends as it is told: `python -m tests.unit.testkit.program HOW`."""

import json
import os
import sys
import time
from pathlib import Path

told = {"arguments": sys.argv[1:], "set": os.environ.get("SET"), "cwd": str(Path.cwd()), "pid": os.getpid()}
sys.stdout.write(f"{json.dumps(told)}\n")
match sys.argv[1]:
    case "exit":
        raise SystemExit(7)
    case "refuse":
        raise SystemExit("no such photo")
    case "fail":
        raise ValueError("not a number")
    case "stay":
        time.sleep(600)
