"""Run the server of the processes that open pictures: `python -m qwenedit_decoder FD`."""

import sys

from qwenedit_decoder.server import serve

serve(int(sys.argv[1]))
