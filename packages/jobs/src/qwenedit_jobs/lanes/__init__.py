"""A fair queue in Redis: entries of one lane one after another, lanes side by side, round robin.

The bot and the operator's command line share it. A lane is a chat. An entry that waits has a due time. An
entry that is being handled is held; at most one of a lane is.
"""

from qwenedit_jobs.lanes.entries import DoneResult, Entry, Occupancy, SetAside, Stay, Waiting
from qwenedit_jobs.lanes.lanes import Lanes, Put

__all__ = ["DoneResult", "Entry", "Lanes", "Occupancy", "Put", "SetAside", "Stay", "Waiting"]
