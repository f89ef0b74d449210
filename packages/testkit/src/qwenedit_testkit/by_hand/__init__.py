"""One side of the queue, played by the program itself, where the other side is real."""
