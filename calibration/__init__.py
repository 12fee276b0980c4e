"""Procedures that measure the instrument and produce profiles."""
