"""Ready-made edits."""
