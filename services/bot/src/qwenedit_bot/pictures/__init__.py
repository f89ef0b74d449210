"""Pictures of users and workers: their bounds of CPU, memory and time, their conversion and storage."""
