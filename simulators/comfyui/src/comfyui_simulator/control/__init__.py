"""The control API, by which tests arm faults and look inside."""
