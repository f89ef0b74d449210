"""How many workers are wanted, so that users get their pictures in time and no GPU comes too late to help."""
