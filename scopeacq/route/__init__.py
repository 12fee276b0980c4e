"""The way of the stage from section to section."""
