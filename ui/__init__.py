"""The operator's windows. The only package that may import Qt; this file imports nothing."""
