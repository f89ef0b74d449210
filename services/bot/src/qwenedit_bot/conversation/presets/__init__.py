"""Ready-made edits in the conversation: their menu, the search, and the photos that they are done to."""
