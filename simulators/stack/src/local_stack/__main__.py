"""Run the whole product: `python -m local_stack`."""

from local_stack.run.app import main

main()
