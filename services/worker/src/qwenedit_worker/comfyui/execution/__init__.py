"""One execution of one edit, and its pictures on their way there and back."""
