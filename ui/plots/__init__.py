"""The view of plots: numbers of a run over cycles and hours."""
