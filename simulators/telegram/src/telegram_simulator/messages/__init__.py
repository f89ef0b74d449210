"""Messages as data: the model, texts, HTML and keyboards."""
