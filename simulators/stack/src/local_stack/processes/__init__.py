"""Parts as processes: started, watched, stopped, killed, started again."""
