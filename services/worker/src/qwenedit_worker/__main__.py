"""Run the worker: `python -m qwenedit_worker`."""

from qwenedit_worker.app import main

main()
