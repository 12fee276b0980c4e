"""Looking back on a run: slices, plots, report."""
