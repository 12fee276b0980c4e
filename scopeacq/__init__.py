"""Wafer-based GCIB-SEM acquisition: the application core without a screen."""
