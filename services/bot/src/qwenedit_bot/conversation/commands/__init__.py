"""Commands, and the buttons that do the same: each module has those of one subject."""
