"""The plan in the window: its editor, what it costs, its error policies."""
