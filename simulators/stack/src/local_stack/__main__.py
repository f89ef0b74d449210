"""Run the whole product: `python -m local_stack`."""

from local_stack.app import main

main()
