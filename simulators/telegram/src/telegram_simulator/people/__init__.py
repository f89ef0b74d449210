"""What people and groups do: write, press, pay, join."""
