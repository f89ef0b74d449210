"""Free jobs, and jobs that are paid for in Telegram Stars."""
