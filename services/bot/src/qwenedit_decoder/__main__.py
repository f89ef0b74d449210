"""Run the process that decodes pictures: `python -m qwenedit_decoder`."""

from qwenedit_decoder.child import main

main()
