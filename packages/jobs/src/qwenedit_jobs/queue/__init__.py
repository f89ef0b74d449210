"""The queue of jobs on Redis, their pictures, and what an operator does with both."""
