"""The way of the stage from section to section."""

LIMIT_S = 20.0
"""Real time for a search, unless somebody gives another."""
