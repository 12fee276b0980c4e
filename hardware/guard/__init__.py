"""The guard: a small process that alone can open the ion beam, and blanks it when in doubt."""
