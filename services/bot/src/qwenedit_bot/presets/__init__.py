"""Ready-made edits that users choose by buttons."""
