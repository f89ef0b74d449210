"""Run the whole product: `python -m local_stack`."""

from local_stack.run import command_line
from local_stack.run.app import main

command_line.parse_arguments()
main()
