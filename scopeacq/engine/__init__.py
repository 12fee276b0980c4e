"""What is next, and doing it."""
