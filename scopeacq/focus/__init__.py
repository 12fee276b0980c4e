"""Correcting focus, and deciding when."""
