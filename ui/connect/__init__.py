"""The wizard that connects an instrument: found, put together, tried, written."""
