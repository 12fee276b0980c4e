"""Ratios and truths, measured: never a pass or fail of the tests."""
