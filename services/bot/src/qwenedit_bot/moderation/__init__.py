"""The operator's own judgement of wishes and results."""
