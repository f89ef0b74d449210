"""Asks the operator's own service whether an instruction or a result is allowed."""
