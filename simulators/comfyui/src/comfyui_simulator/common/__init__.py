"""Settings, files, faults and errors, for all other packages."""
