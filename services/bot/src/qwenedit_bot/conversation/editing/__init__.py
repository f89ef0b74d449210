"""Groups, corrections, and the buttons under a result."""
