"""From the end of a job to its answer in the chat."""
