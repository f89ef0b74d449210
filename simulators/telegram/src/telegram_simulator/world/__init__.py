"""What exists in the simulated Telegram: bots, chats, updates, rate limits, faults, the log of calls."""
