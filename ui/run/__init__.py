"""The run in the window: its threads, its notices, its panels wired."""
