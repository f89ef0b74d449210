"""What a text means. Two readers, the exact words and a language model, give the same type of answer."""
