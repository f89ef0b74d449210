"""What `qwenedit` is asked, one module a group of commands; each returns an answer and prints nothing."""
