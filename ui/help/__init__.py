"""The manual beside the work, keys, and commands by typing."""
